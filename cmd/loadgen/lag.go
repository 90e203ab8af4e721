package main

import (
	"fmt"
	"time"
)

// lagVerdict says why a run is invalid, if its generator was so late that the
// latency is the generator's more than the actors'.
func lagVerdict(lagP99, latencyP99 int64) string {
	if 10*lagP99 <= latencyP99 {
		return ""
	}
	return fmt.Sprintf("the generator's p99 lag of %v is over a tenth of the measured p99 of %v",
		time.Duration(lagP99), time.Duration(latencyP99))
}
