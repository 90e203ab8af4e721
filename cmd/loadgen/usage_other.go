//go:build !unix

package main

import "time"

// processorTime is not known here: what rests on it is left out.
func processorTime() (time.Duration, bool) { return 0, false }
