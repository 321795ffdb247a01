package client

import (
	"context"
	"errors"
	"strings"

	"gdproto/gd"
)

// How arbiters of gunicorn tell that something is not there.
var gunicorns = map[string]gd.ErrorType{
	"Key not found: ":   gd.StashKeyNotFoundError,
	"Table not found: ": gd.StashTableNotFoundError,
}

// Table is a table of the stash, which the arbiter keeps for all of its clients and workers. Keys
// are values that are neither lists nor dicts.
type Table struct {
	client *Client
	name   string
}

// Table gives a table by its name; it need not be there.
func (c *Client) Table(name string) Table { return Table{c, name} }

// Tables lists the names of all tables.
func (c *Client) Tables(ctx context.Context) ([]any, error) {
	return listOf(Table{c, ""}.ask(ctx, &gd.Stash{Op: gd.StashOpTables}))
}

// Put stores a value, and makes the table where there is none.
func (t Table) Put(ctx context.Context, key, value any) error {
	_, err := t.ask(ctx, &gd.Stash{Op: gd.StashOpPut, Key: key, Value: value})
	return err
}

// Get gives a value; its error is gd.StashKeyNotFoundError where there is none.
func (t Table) Get(ctx context.Context, key any) (any, error) {
	return t.ask(ctx, &gd.Stash{Op: gd.StashOpGet, Key: key})
}

// Delete takes a key away; whether it was there.
func (t Table) Delete(ctx context.Context, key any) (bool, error) {
	return boolOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpDelete, Key: key}))
}

// Keys lists the keys, or those texts that a pattern such as "user:*" matches.
func (t Table) Keys(ctx context.Context, pattern *string) ([]any, error) {
	return listOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpKeys, Pattern: pattern}))
}

// Clear takes all keys away.
func (t Table) Clear(ctx context.Context) error {
	_, err := t.ask(ctx, &gd.Stash{Op: gd.StashOpClear})
	return err
}

// Info tells of the table; its error is gd.StashTableNotFoundError where there is none.
func (t Table) Info(ctx context.Context) (gd.Dict, error) {
	return dictOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpInfo}))
}

// Ensure makes the table where there is none.
func (t Table) Ensure(ctx context.Context) error {
	_, err := t.ask(ctx, &gd.Stash{Op: gd.StashOpEnsure})
	return err
}

// DeleteTable takes the table away; whether it was there.
func (t Table) DeleteTable(ctx context.Context) (bool, error) {
	return boolOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpDeleteTable}))
}

// Exists says whether a key is there, or with nil the table.
func (t Table) Exists(ctx context.Context, key any) (bool, error) {
	return boolOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpExists, Key: key}))
}

func (t Table) ask(ctx context.Context, question *gd.Stash) (any, error) {
	question.RequestID, question.Table = t.client.nextID(), t.name
	answer, err := t.client.ask(ctx, question)
	var failed *Error
	if errors.As(err, &failed) && failed.Type == gd.DirtyError {
		for beginning, kind := range gunicorns {
			if strings.HasPrefix(failed.Message, beginning) {
				failed.Type = kind
			}
		}
	}
	return answer, err
}

func listOf(value any, err error) ([]any, error) {
	if err != nil {
		return nil, err
	}
	if list, is := value.([]any); is {
		return list, nil
	}
	return nil, &Error{Type: gd.DirtyProtocolError, Message: "the answer is no list"}
}

func boolOf(value any, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	if is, isBool := value.(bool); isBool {
		return is, nil
	}
	return false, &Error{Type: gd.DirtyProtocolError, Message: "the answer is no bool"}
}
