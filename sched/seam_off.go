//go:build noseam

package sched

// seam says that schedulers can be driven: not in this build, which is there to
// be compared with the other (internal/seamcost).
const seam = false
