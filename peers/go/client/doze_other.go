//go:build !linux

package client

import "time"

// There is no poll that every system has under one name.
func doze(int, time.Duration) bool { return false }
