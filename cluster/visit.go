package cluster

import (
	"time"

	"github.com/ractor-go/ractor/sched"
)

// visit is a reader's stay in the scheduler, as a guest (sched.Guest): while it
// delivers what one read has brought it carries a worker that was asleep, and at the end
// it runs the actors that have got something itself. So no worker has to be woken for
// them, which is a fifth of what a lone call takes; and a batch of casts is handled while
// it is in the cache.
//
// Meanwhile nobody reads. If a handler blocks, another goroutine becomes the reader; the
// scheduler sees to that, at once or within some ms. Handlers that take their time, but
// not so long, would hold up what comes behind them, though workers are idle: after a
// stay of more than stayLimit the reader stays away for some batches, for more each time.
type visit struct {
	guest *sched.Guest
	begun bool // since end
	stays bool // within the scheduler
	pause int  // how many batches it stayed away last time
	skip  int  // how many are left of these
}

const (
	stayLimit = 100 * time.Microsecond
	minAway   = 16
	maxAway   = 1 << 10
)

// begin is called before something is delivered.
func (v *visit) begin() {
	if v.begun {
		return
	}
	v.begun = true
	if v.skip > 0 {
		v.skip--
		return
	}
	v.stays = v.guest.Enter()
}

// end runs the actors. relieved: another goroutine has taken the reader's place.
func (v *visit) end() (relieved bool) {
	v.begun = false
	if !v.stays {
		return false
	}
	v.stays = false
	began := time.Now()
	if v.guest.Leave() {
		return true // v is another goroutine's
	}
	if time.Since(began) > stayLimit {
		v.tooLong()
	} else {
		v.pause = 0
	}
	return false
}

// tooLong notes that handlers have taken too long.
func (v *visit) tooLong() {
	v.pause = min(max(minAway, 2*v.pause), maxAway)
	v.skip = v.pause
}
