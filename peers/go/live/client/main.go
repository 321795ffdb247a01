// The client as the live scripts judge it: see conformance/live/client.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"math/big"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"gdproto/client"
	"gdproto/gd"
)

type object = map[string]any

// A call of a job.
type call struct {
	Do      string
	AppPath string `json:"app_path"`
	Action  string
	Args    []any
	Kwargs  map[string]any
	Take    *int
	Table   string
	Key     any
}

func main() {
	var job struct {
		Timeout float64
		Steps   [][]call
	}
	reader := json.NewDecoder(strings.NewReader(os.Args[2]))
	reader.UseNumber()
	if err := reader.Decode(&job); err != nil {
		log.Fatal(err)
	}
	c := client.New(os.Args[1])
	defer c.Close()
	timeout := time.Duration(job.Timeout * float64(time.Second))
	outcomes := make([][]object, len(job.Steps))
	for i, step := range job.Steps {
		outcomes[i] = made(c, timeout, step)
	}
	if err := json.NewEncoder(os.Stdout).Encode(object{"outcomes": outcomes}); err != nil {
		log.Fatal(err)
	}
}

// Makes the calls of a step at the same time.
func made(c *client.Client, timeout time.Duration, step []call) []object {
	outcomes := make([]object, len(step))
	var all sync.WaitGroup
	for i, one := range step {
		all.Add(1)
		go func() {
			defer all.Done()
			ctx, cancel := context.WithTimeout(context.Background(), timeout)
			defer cancel()
			outcomes[i] = outcome(ctx, c, one)
		}()
	}
	all.Wait()
	return outcomes
}

func outcome(ctx context.Context, c *client.Client, one call) object {
	switch one.Do {
	case "status":
		return told(c.Status(ctx))
	case "stash":
		return told(c.Table(one.Table).Get(ctx, fromJSON(one.Key)))
	case "stream":
		return streamed(ctx, c, one)
	}
	return told(c.Do(ctx, requestOf(one)))
}

func streamed(ctx context.Context, c *client.Client, one call) object {
	chunks := []any{}
	for item, err := range c.DoStream(ctx, requestOf(one)) {
		if err != nil {
			return object{"chunks": chunks, "error": failure(err)}
		}
		chunks = append(chunks, toJSON(item))
		if one.Take != nil && len(chunks) == *one.Take {
			break
		}
	}
	return object{"chunks": chunks}
}

func requestOf(one call) *gd.Request {
	args, _ := fromJSON(one.Args).([]any)
	kwargs, _ := fromJSON(one.Kwargs).(gd.Dict)
	return &gd.Request{AppPath: one.AppPath, Action: one.Action, Args: args, Kwargs: kwargs}
}

func told[T any](result T, err error) object {
	if err != nil {
		return object{"error": failure(err)}
	}
	return object{"result": toJSON(result)}
}

func failure(err error) object {
	var failed *client.Error
	if !errors.As(err, &failed) {
		log.Fatal(err)
	}
	about := object{"type": failed.Type, "message": failed.Message}
	if code, is := failed.Details.Get("code"); is {
		about["code"] = code
	}
	return about
}

// --- JSON ---

func fromJSON(value any) any {
	switch v := value.(type) {
	case json.Number:
		return number(v)
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = fromJSON(v[i])
		}
		return items
	case map[string]any:
		pairs := gd.Dict{}
		for key, item := range v {
			pairs = append(pairs, gd.Pair{Key: key, Value: fromJSON(item)})
		}
		return pairs
	}
	return value
}

func number(text json.Number) any {
	if integer, err := text.Int64(); err == nil {
		return integer
	}
	if large, is := new(big.Int).SetString(text.String(), 10); is {
		return large
	}
	float, err := strconv.ParseFloat(text.String(), 64)
	if err != nil {
		log.Fatal(err)
	}
	return float
}

func toJSON(value any) any {
	switch v := value.(type) {
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = toJSON(v[i])
		}
		return items
	case gd.Dict:
		pairs := object{}
		for _, pair := range v {
			pairs[pair.Key] = toJSON(pair.Value)
		}
		return pairs
	case []byte:
		return fmt.Sprintf("%x", v)
	}
	return value
}
