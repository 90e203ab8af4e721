package cluster

import "time"

// window bounds how many pieces of the slow lane are on the way: written, and not read
// by the peer. What is on the way nothing overtakes; so, beside big messages, a small
// one would wait for all that the kernels at both ends have room for, which is
// megabytes. What waits in the slow lane it does overtake.
//
// Behind each piece a milestone is written; the peer says when it has passed it. How
// many pieces keep the way busy depends on how long that takes. It is learned in
// rounds, each as many pieces as the window has: if all of them took longer than a
// piece that was alone, they have stood in a line, and the window becomes as much
// smaller as they took longer; and always larger by one, so that there is a short
// line, and by two fifths more, for no piece takes quite as long as the fastest. That is FAST
// TCP's rule (Wei, Jin, Low and Hegde, 2006), here for pieces. At first the window is
// doubled as long as there is no line. Ways change: now and then all is learned anew,
// which takes a few rounds.
//
// Where the way is short, and the peer slow, that is one piece, most of the time: a
// second one takes more than twice as long as one alone. On loopback big messages lose
// a sixth of their throughput by that, and small ones find no line at all, nor as much
// garbage to be collected at the peer.
//
// While there are no small messages, nobody waits, and the window is wide open.
type window struct {
	on    bool // the peer knows milestones; without, the window has no bounds
	size  int  // pieces
	alone int  // pieces since there was a small message

	last, done uint64 // the last milestone that was written, and that was passed
	when       [widest]time.Duration

	round    uint64        // the last milestone that was written before this round
	shortest time.Duration // that a piece of it took; 0: none has arrived
	limits   bool          // in this round a piece had to wait
	fastest  time.Duration // that a piece took since all is learned anew; 0: not known
	starts   bool          // there was no line since
	anew     time.Duration // when that is to be the next time
}

const (
	widest   = 64 // pieces
	bigAlone = 32 // pieces without a small message: there are none

	learnAnew = 10 * time.Second
	learnSoon = time.Second // while the window is one piece, which is what it begins with
)

// open says that one more piece may be written.
func (w *window) open() bool {
	if !w.on {
		return true
	}
	size := max(1, w.size)
	if w.alone >= bigAlone {
		size = widest
	}
	if w.last-w.done < uint64(size) {
		return true
	}
	w.limits = true
	return false
}

// sends notes that a piece is about to be written, and returns the milestone to write
// behind it.
func (w *window) sends(now time.Duration) uint64 {
	w.alone++
	w.last++
	w.when[w.last%widest] = now
	return w.last
}

// passed: the peer has read all before a milestone.
func (w *window) passed(n uint64, now time.Duration) {
	if n <= w.done || n > w.last {
		return // none that it can have passed just now
	}
	w.done = n
	switch {
	case w.alone >= bigAlone: // its size does not count
		w.begin()
		return
	case now >= w.anew:
		w.anew, w.size, w.fastest, w.starts = now+learnAnew, 1, 0, true
		w.begin()
		return
	case n <= w.round:
		return // of the round before
	}
	if took := max(1, now-w.when[n%widest]); w.shortest == 0 || took < w.shortest {
		w.shortest = took
	}
	if n >= w.round+uint64(w.size) {
		if w.fit(); w.size == 1 {
			w.anew = min(w.anew, now+learnSoon)
		}
		w.begin()
	}
}

// begin begins a round.
func (w *window) begin() { w.round, w.shortest, w.limits = w.last, 0, false }

// fit ends a round.
func (w *window) fit() {
	if w.fastest == 0 || w.shortest < w.fastest {
		w.fastest = w.shortest
	}
	size := int(5*time.Duration(w.size)*w.fastest/w.shortest+7) / 5
	if w.starts = w.starts && w.shortest <= w.fastest*5/4; w.starts {
		size = 2 * w.size
	}
	if size <= w.size || w.limits {
		w.size = min(size, widest)
	}
}
