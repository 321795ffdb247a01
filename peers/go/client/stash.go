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

func (t Table) ask(ctx context.Context, question *gd.Stash, given ...StashOption) (any, error) {
	for _, give := range given {
		give(question)
	}
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

func intOf(value any, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	if number, is := value.(int64); is {
		return number, nil
	}
	return 0, &Error{Type: gd.DirtyProtocolError, Message: "the answer is no integer"}
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
