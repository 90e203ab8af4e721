//go:build interleave

package sched

// quietTicks has the monitor sleep at every occasion.
const quietTicks = 1
