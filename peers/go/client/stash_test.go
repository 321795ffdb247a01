package client_test

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"testing"

	"gdproto/client"
	"gdproto/gd"
)

// A table of the arbiter that DIRTY_SOCKET names; `make peers` starts one.
func aTable(t *testing.T) (*client.Client, client.Table, string) {
	t.Helper()
	if os.Getenv("DIRTY_SOCKET") == "" {
		t.Skip("DIRTY_SOCKET names no arbiter")
	}
	c, name := client.New(""), fmt.Sprintf("go-%d-%s", os.Getpid(), t.Name())
	table := c.Table(name)
	t.Cleanup(func() {
		if is, err := table.DeleteTable(within(t)); !is || err != nil {
			t.Errorf("it is gone: %v", err)
		}
		c.Close()
	})
	return c, table, name
}

// Whether an operation gave what is expected of it.
func gave(t *testing.T, expected any) func(result any, err error) {
	return func(result any, err error) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(result, expected) {
			t.Errorf("%#v, %v, not %#v", result, err, expected)
		}
	}
}

func held(t *testing.T, answer gd.Dict, key string) any {
	t.Helper()
	value, is := answer.Get(key)
	if !is {
		t.Fatalf("no %s in %v", key, answer)
	}
	return value
}

func TestKeysAndValues(t *testing.T) {
	_, table, _ := aTable(t)
	ctx, yes, no := within(t), gave(t, true), gave(t, false)
	yes(result(table.Put(ctx, "k", 1, client.WithTtl(60))))
	gave(t, int64(1))(table.Get(ctx, "k"))
	if ttl, err := table.Ttl(ctx, "k"); err != nil || ttl.(float64) <= 0 || ttl.(float64) > 60 {
		t.Error(ttl, err)
	}
	yes(result(table.Touch(ctx, "k")))
	gave(t, nil)(table.Ttl(ctx, "k"))
	no(result(table.PutIfAbsent(ctx, "k", 2)))
	yes(result(table.Exists(ctx, client.WithKey("k"))))
	no(result(table.Exists(ctx, client.WithKey("l"))))
	gave(t, int64(1))(table.Pop(ctx, "k"))
	if _, err := table.Get(ctx, "k"); !errors.Is(err, gd.StashKeyNotFoundError) {
		t.Error(err)
	}
	yes(result(table.PutIfAbsent(ctx, "k", 2)))
	yes(result(table.Delete(ctx, "k")))
	no(result(table.Delete(ctx, "k")))
}

func TestNumbersAndVersions(t *testing.T) {
	_, table, _ := aTable(t)
	ctx := within(t)
	gave(t, int64(1))(table.Incr(ctx, "n"))
	gave(t, 2.5)(table.Incr(ctx, "n", client.WithValue(1.5)))
	more := []client.StashOption{client.WithValue(2), client.WithInitial(10), client.WithTtl(60)}
	gave(t, int64(12))(table.Incr(ctx, "m", more...))
	entry, err := table.Entry(ctx, "n")
	if err != nil || held(t, entry, "value") != 2.5 || held(t, entry, "ttl") != nil {
		t.Fatal(entry, err)
	}
	version := client.WithVersion(held(t, entry, "version").(int64))
	if now, err := table.Swap(ctx, "n", "new", version); err != nil || now == 0 {
		t.Error(now, err)
	}
	gave(t, int64(0))(result(table.Swap(ctx, "n", "newer", version)))
	gave(t, "new")(table.Get(ctx, "n"))
}

func TestManyAtOnce(t *testing.T) {
	_, table, _ := aTable(t)
	ctx := within(t)
	one, three := []any{"x1", int64(1)}, []any{"y", int64(3)}
	gave(t, true)(result(table.PutMany(ctx, []any{one, []any{"x2", 2}, three})))
	gave(t, []any{three, one})(result(table.GetMany(ctx, []any{"y", "z", "x1"})))
	gave(t, []any{"x1"})(result(table.Keys(ctx, client.WithPattern("x1*"))))
	first, err := table.Page(ctx, client.WithPattern("x*"), client.WithCount(1))
	if err != nil {
		t.Fatal(err)
	}
	after := client.WithAfter(held(t, first, "next"))
	next, err := table.Page(ctx, client.WithPattern("x*"), after)
	if err != nil {
		t.Fatal(err)
	}
	// In which order keys come, nobody says.
	keys := slices.Concat(held(t, first, "keys").([]any), held(t, next, "keys").([]any))
	if len(keys) != 2 || !slices.Contains(keys, any("x1")) || !slices.Contains(keys, any("x2")) {
		t.Error(keys)
	}
}

func TestLists(t *testing.T) {
	_, table, _ := aTable(t)
	ctx := within(t)
	gave(t, true)(result(table.Ensure(ctx)))
	gave(t, int64(1))(result(table.PushRight(ctx, "l", "b")))
	gave(t, int64(2))(result(table.PushLeft(ctx, "l", "a")))
	gave(t, int64(2))(result(table.Length(ctx, "l")))
	gave(t, "a")(table.PopLeft(ctx, "l"))
	gave(t, "b")(table.PopRight(ctx, "l"))
	_, err := table.PopLeft(ctx, "l", client.WithWait(0.001))
	if !errors.Is(err, gd.StashKeyNotFoundError) {
		t.Error(err)
	}
}

func TestChangesAndTables(t *testing.T) {
	c, table, name := aTable(t)
	ctx := within(t)
	gave(t, false)(result(table.Exists(ctx)))
	if _, err := table.Info(ctx); !errors.Is(err, gd.StashTableNotFoundError) {
		t.Error(err)
	}
	gave(t, true)(result(table.Ensure(ctx)))
	if names, err := c.Tables(ctx); err != nil || !slices.Contains(names, any(name)) {
		t.Error(names, err)
	}
	before, err := table.Changes(ctx)
	if err != nil {
		t.Fatal(err)
	}
	gave(t, true)(result(table.Put(ctx, "c", 1)))
	after := client.WithAfter(held(t, before, "next"))
	changes, err := table.Changes(ctx, after, client.WithWait(10))
	if err != nil {
		t.Fatal(err)
	}
	change := gd.Dict{{Key: "kind", Value: "put"}, {Key: "key", Value: "c"}}
	gave(t, []any{change})(held(t, changes, "changes"), nil)
	gave(t, true)(result(table.Clear(ctx)))
	info, err := table.Info(ctx)
	if err != nil || held(t, info, "size") != int64(0) {
		t.Error(info, err)
	}
}

// What is of a type of its own, as any.
func result[T any](value T, err error) (any, error) { return value, err }
