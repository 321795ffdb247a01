// Measures the round trip of a small call: SOCKET APP_PATH ACTION COUNT, the action being a sum.
//
// Prints {"round_trip_ns": ...}, the median of that many calls, one after the other.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"slices"
	"strconv"
	"time"

	"gdproto/client"
)

const timeout = 30 * time.Second

func main() {
	count, err := strconv.Atoi(os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	c := client.New(os.Args[1])
	defer c.Close()
	took := make([]int64, count)
	for i := range took {
		began := time.Now()
		call(c)
		took[i] = time.Since(began).Nanoseconds()
	}
	slices.Sort(took)
	json.NewEncoder(os.Stdout).Encode(map[string]int64{"round_trip_ns": took[count/2]})
}

// As a program does: each call has its own time.
func call(c *client.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	sum, err := c.Call(ctx, os.Args[2], os.Args[3], 1, 2)
	if err != nil || sum != int64(3) {
		log.Fatal(sum, err)
	}
}
