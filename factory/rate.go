package factory

import (
	"math/bits"
	"time"
)

// Rate is a leaky bucket: it holds Burst jobs, a job that is accepted takes a
// place, and Jobs places become free in each Per, evenly. It begins empty, that
// is, with room for Burst jobs at once. The zero Rate is no limit.
type Rate struct {
	Jobs  int
	Per   time.Duration
	Burst int // 0 is Jobs
}

// bucket is a Rate at work; times are ns.
type bucket struct {
	jobs, per uint64
	burst     uint64
	room      uint64
	part      uint64 // of the next place: per is a whole one
	at        int64  // room and part are as of then
}

func newBucket(r Rate, now int64) bucket {
	b := bucket{jobs: uint64(r.Jobs), per: uint64(r.Per), burst: uint64(r.Burst), at: now}
	if b.burst == 0 {
		b.burst = b.jobs
	}
	b.room = b.burst
	return b
}

// open says whether there is a place.
func (b *bucket) open(now int64) bool {
	b.leak(now)
	return b.room > 0
}

// take takes a place that there is.
func (b *bucket) take() { b.room-- }

// leak frees the places whose time has come. It is exact: what is not yet a whole
// place stays in part.
func (b *bucket) leak(now int64) {
	if now <= b.at {
		return
	}
	hi, lo := bits.Mul64(uint64(now-b.at), b.jobs)
	lo, carry := bits.Add64(lo, b.part, 0)
	hi += carry
	b.at = now
	places := b.burst // so many, or more
	if hi < b.per {
		places, b.part = bits.Div64(hi, lo, b.per)
	}
	if places >= b.burst-b.room {
		b.room, b.part = b.burst, 0
		return
	}
	b.room += places
}
