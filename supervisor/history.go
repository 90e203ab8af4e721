package supervisor

import (
	"time"

	"github.com/ractor-go/ractor/actor"
)

// chance returns a source of numbers in [0, 1): the System's, so that a
// simulation has them in its hand.
func chance(ctx *actor.Context[request]) func() float64 {
	s := ctx.System().Scheduler()
	return func() float64 { return float64(s.Rand()>>11) / (1 << 53) }
}

// window is the history of restarts, as far as it matters: the times of those
// that are at most Per old, oldest first. It holds at most Max+1 of them: one
// more than Max is the end.
type window struct{ times []time.Duration }

// add enters a restart at now and says whether it is tolerated.
func (w *window) add(now time.Duration, i Intensity) (tolerated bool) {
	old := 0
	for old < len(w.times) && now-w.times[old] > i.Per {
		old++
	}
	w.times = append(w.times[old:], now) // append moves to a new array now and then: nothing old is kept
	return len(w.times) <= i.Max
}

// row counts restarts that come one after another.
type row struct {
	n     int
	since time.Duration // when what was restarted came up
}

// next is the delay before one more restart, of something that has just died
// after having lived, or whose start has just failed.
func (r *row) next(now time.Duration, lived bool, b Backoff, random func() float64) time.Duration {
	if lived && now-r.since >= b.Max {
		r.n = 0
	}
	r.n++
	return b.delay(r.n, random)
}

// delay is the delay before the n-th restart in a row, n from 1.
func (b Backoff) delay(n int, random func() float64) time.Duration {
	d := b.Min
	for ; n > 1 && d > 0 && d < b.Max; n-- {
		if d > b.Max/2 {
			d = b.Max
		} else {
			d *= 2
		}
	}
	if b.Jitter > 0 && d > 0 {
		d -= time.Duration(float64(d) * b.Jitter * random())
	}
	return max(d, 0)
}
