package client

import (
	"syscall"
	"time"
	"unsafe"
)

const pollIn = 1

// Sleeps with its thread until something comes, or for that long; whether it could.
func doze(fd int, atMost time.Duration) bool {
	limit := syscall.NsecToTimespec(atMost.Nanoseconds())
	polled := struct {
		fd              int32
		events, revents int16
	}{int32(fd), pollIn, 0}
	_, _, failed := syscall.Syscall6(
		syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&polled)), 1, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	return failed == 0
}
