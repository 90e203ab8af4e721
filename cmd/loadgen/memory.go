package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"time"
)

// memory is what the process holds after two full collections.
type memory struct {
	heap     float64 // bytes of live objects and of stacks
	resident float64 // bytes that the system counts for the process
	known    bool    // whether resident is
}

// memoryNow collects twice, since what has a finalizer goes in the second
// collection only, and reads. Nothing is given back to the system first.
func memoryNow() memory {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	m := memory{heap: float64(s.HeapAlloc) + float64(s.StackInuse)}
	m.resident, m.known = resident()
	return m
}

// resident reads VmRSS where there is a /proc.
func resident() (float64, bool) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, false
	}
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmRSS:")); ok {
			kilobytes, err := strconv.ParseFloat(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte("kB")))), 64)
			return kilobytes * 1024, err == nil
		}
	}
	return 0, false
}

// fullCollection is how long one takes with all that is alive now, in
// milliseconds.
func fullCollection() float64 {
	start := time.Now()
	runtime.GC()
	return float64(time.Since(start)) / float64(time.Millisecond)
}
