//go:build !noseam

package sched

// seam says that schedulers can be driven.
const seam = true
