//go:build !interleave

package sched

// quietTicks is how long the monitor stays awake after the last worker has
// parked: callers that come one by one must not wake it each time.
const quietTicks = 16
