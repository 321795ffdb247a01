// @generated from spec/ (4db3d56a9a427fba) by python -m spec.codegen --write; do not edit
// Code generated from the declaration of GD/1. DO NOT EDIT.

package client

import (
	"context"

	"gdproto/gd"
)

// StashOption gives an operation of the stash what it need not have.
type StashOption func(*gd.Stash)

// WithKey gives the key.
func WithKey(key any) StashOption {
	return func(question *gd.Stash) { question.Key = key }
}

// WithValue gives the value.
func WithValue(value any) StashOption {
	return func(question *gd.Stash) { question.Value = value }
}

// WithPattern gives a glob over string keys.
func WithPattern(pattern string) StashOption {
	return func(question *gd.Stash) { question.Pattern = &pattern }
}

// WithTtl gives seconds that the key lives.
func WithTtl(ttl any) StashOption {
	return func(question *gd.Stash) { question.Ttl = ttl }
}

// WithInitial gives the number to begin with.
func WithInitial(initial any) StashOption {
	return func(question *gd.Stash) { question.Initial = initial }
}

// WithVersion gives the version that is expected.
func WithVersion(version int64) StashOption {
	return func(question *gd.Stash) { question.Version = &version }
}

// WithCount gives how many keys at most.
func WithCount(count int64) StashOption {
	return func(question *gd.Stash) { question.Count = &count }
}

// WithAfter gives where a page ended.
func WithAfter(after any) StashOption {
	return func(question *gd.Stash) { question.After = after }
}

// WithWait gives seconds to wait for what is asked for.
func WithWait(wait any) StashOption {
	return func(question *gd.Stash) { question.Wait = wait }
}

// Put: store `value` under `key`. Its error is gd.StashError when there is no room.
func (t Table) Put(ctx context.Context, key, value any, given ...StashOption) (bool, error) {
	return boolOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpPut, Key: key, Value: value}, given...))
}

// Get: the value of `key`. Its error is gd.StashKeyNotFoundError when the key or the table is
// missing.
func (t Table) Get(ctx context.Context, key any) (any, error) {
	return t.ask(ctx, &gd.Stash{Op: gd.StashOpGet, Key: key})
}

// Delete: remove `key`; false when it was missing.
func (t Table) Delete(ctx context.Context, key any) (bool, error) {
	return boolOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpDelete, Key: key}))
}

// Keys: the keys, or those strings among them that match `* ? [seq] [!seq]`.
func (t Table) Keys(ctx context.Context, given ...StashOption) ([]any, error) {
	return listOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpKeys}, given...))
}

// Clear: remove every key of the table.
func (t Table) Clear(ctx context.Context) (bool, error) {
	return boolOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpClear}))
}

// Info: how large the table is. Its error is gd.StashTableNotFoundError when the table is
// missing.
func (t Table) Info(ctx context.Context) (gd.Dict, error) {
	return dictOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpInfo}))
}

// Ensure: have the table, if only empty. Its error is gd.StashError when there is no room.
func (t Table) Ensure(ctx context.Context) (bool, error) {
	return boolOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpEnsure}))
}

// DeleteTable: remove the table; false when it was missing.
func (t Table) DeleteTable(ctx context.Context) (bool, error) {
	return boolOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpDeleteTable}))
}

// Tables: the names of all tables.
func (c *Client) Tables(ctx context.Context) ([]any, error) {
	return listOf(Table{c, ""}.ask(ctx, &gd.Stash{Op: gd.StashOpTables}))
}

// Exists: whether the table has `key`; without a key, whether there is such a table.
func (t Table) Exists(ctx context.Context, given ...StashOption) (bool, error) {
	return boolOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpExists}, given...))
}

// PutIfAbsent: store `value` under `key`, if it is missing; false when it was there. Its error
// is gd.StashError when there is no room.
func (t Table) PutIfAbsent(ctx context.Context, key, value any, given ...StashOption) (bool, error) {
	return boolOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpPutIfAbsent, Key: key, Value: value}, given...))
}

// Pop: take out `key`: its value. Its error is gd.StashKeyNotFoundError when the key or the
// table is missing.
func (t Table) Pop(ctx context.Context, key any) (any, error) {
	return t.ask(ctx, &gd.Stash{Op: gd.StashOpPop, Key: key})
}

// Incr: add `value`, or 1, to the number of `key`, or to `initial`, or 0, when it is missing.
// Its error is gd.StashError when there is no number, it would be too large, or there is no
// room.
func (t Table) Incr(ctx context.Context, key any, given ...StashOption) (any, error) {
	return t.ask(ctx, &gd.Stash{Op: gd.StashOpIncr, Key: key}, given...)
}

// Touch: let `key` live `ttl` seconds from now, or for ever; false when it was missing. Its
// error is gd.StashError when there is no room.
func (t Table) Touch(ctx context.Context, key any, given ...StashOption) (bool, error) {
	return boolOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpTouch, Key: key}, given...))
}

// Ttl: how long `key` lives: seconds, or none. Its error is gd.StashKeyNotFoundError when the
// key or the table is missing.
func (t Table) Ttl(ctx context.Context, key any) (any, error) {
	return t.ask(ctx, &gd.Stash{Op: gd.StashOpTtl, Key: key})
}

// Entry: the value of `key`, with its version. Its error is gd.StashKeyNotFoundError when the
// key or the table is missing. Its error is gd.StashError when there is no room.
func (t Table) Entry(ctx context.Context, key any) (gd.Dict, error) {
	return dictOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpEntry, Key: key}))
}

// Swap: store `value` under `key` if that has `version`, 0 for one that is missing. The new
// version, or 0. Its error is gd.StashError when there is no room.
func (t Table) Swap(ctx context.Context, key, value any, given ...StashOption) (int64, error) {
	return intOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpSwap, Key: key, Value: value}, given...))
}

// GetMany: a list of key and value for each key of the list `value` that is there.
func (t Table) GetMany(ctx context.Context, value any) ([]any, error) {
	return listOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpGetMany, Value: value}))
}

// PutMany: store what the list `value` has lists of, a key and its value: all of it, or
// nothing. Its error is gd.StashError when there is no room.
func (t Table) PutMany(ctx context.Context, value any, given ...StashOption) (bool, error) {
	return boolOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpPutMany, Value: value}, given...))
}

// Page: up to `count` of the keys, as of `keys`, behind those of the page that names `after`.
func (t Table) Page(ctx context.Context, given ...StashOption) (gd.Dict, error) {
	return dictOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpPage}, given...))
}

// PushLeft: add `value` before all items of the list `key`. How many it has then. Its error is
// gd.StashError when there is no room.
func (t Table) PushLeft(ctx context.Context, key, value any) (int64, error) {
	return intOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpPushLeft, Key: key, Value: value}))
}

// PushRight: add `value` behind all items of the list `key`. How many it has then. Its error is
// gd.StashError when there is no room.
func (t Table) PushRight(ctx context.Context, key, value any) (int64, error) {
	return intOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpPushRight, Key: key, Value: value}))
}

// PopLeft: take out the first item of the list `key`; wait up to `wait` seconds for one. Its
// error is gd.StashKeyNotFoundError when the list has no items.
func (t Table) PopLeft(ctx context.Context, key any, given ...StashOption) (any, error) {
	return t.ask(ctx, &gd.Stash{Op: gd.StashOpPopLeft, Key: key}, given...)
}

// PopRight: take out the last item of the list `key`; wait up to `wait` seconds for one. Its
// error is gd.StashKeyNotFoundError when the list has no items.
func (t Table) PopRight(ctx context.Context, key any, given ...StashOption) (any, error) {
	return t.ask(ctx, &gd.Stash{Op: gd.StashOpPopRight, Key: key}, given...)
}

// Length: how many items the list `key` has, 0 where it is missing.
func (t Table) Length(ctx context.Context, key any) (int64, error) {
	return intOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpLength, Key: key}))
}

// Changes: up to `count` changes of the table behind the place `after`, of keys and lists as of
// `keys`; wait up to `wait` seconds for one. Its error is gd.StashError when too many tables
// are watched.
func (t Table) Changes(ctx context.Context, given ...StashOption) (gd.Dict, error) {
	return dictOf(t.ask(ctx, &gd.Stash{Op: gd.StashOpChanges}, given...))
}
