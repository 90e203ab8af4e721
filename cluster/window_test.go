package cluster

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// way is a way to a peer: a delay there and as much back, and in between a place
// where one piece takes its time after the other.
type way struct {
	delay, piece time.Duration
}

// travels has pieces travel as the window lets them, beside small messages, from a
// time until another. It returns how many arrive, and the longest time that one waits
// for those before it.
func (y way) travels(w *window, now, end time.Duration) (pieces int, wait time.Duration) {
	var acks []time.Duration // of those on the way
	free := now
	for now < end {
		for w.open() {
			w.sends(now)
			w.alone = 0
			begin := max(now+y.delay, free)
			wait = max(wait, begin-now-y.delay)
			free = begin + y.piece
			acks = append(acks, free+y.delay)
		}
		now, acks = acks[0], acks[1:]
		w.passed(w.done+1, now)
		pieces++
	}
	for _, at := range acks {
		w.passed(w.done+1, at)
	}
	return pieces, wait
}

// The window is as wide as the way is long, and hardly wider: the way is busy, and
// no piece waits long.
func TestWindowFitsTheWay(t *testing.T) {
	for name, y := range map[string]way{
		"loopback":        {5 * time.Microsecond, 50 * time.Microsecond},
		"one room":        {50 * time.Microsecond, 60 * time.Microsecond},
		"one city":        {time.Millisecond, 500 * time.Microsecond},
		"two continents":  {40 * time.Millisecond, 5 * time.Millisecond},
		"a long fat pipe": {40 * time.Millisecond, 2 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			w := &window{on: true}
			y.travels(w, 0, 5*time.Second)
			pieces, wait := y.travels(w, 5*time.Second, 9*time.Second)
			require.Greater(t, pieces, int(4*time.Second/y.piece)*4/5, "the window is %d", w.size)
			require.LessOrEqual(t, wait, 2*(y.delay+y.piece), "the window is %d", w.size)
		})
	}
}

// A way that becomes longer, or shorter, is learned anew.
func TestWindowLearnsAnew(t *testing.T) {
	short, long := way{4 * time.Millisecond, time.Millisecond}, way{11 * time.Millisecond, time.Millisecond}
	w := &window{on: true}
	for i, y := range []way{short, long, short} {
		begin := time.Duration(i) * 2 * learnAnew
		y.travels(w, begin, begin+learnAnew+3*time.Second)
		pieces, wait := y.travels(w, begin+learnAnew+3*time.Second, begin+2*learnAnew-time.Second)
		require.Greater(t, pieces, int((learnAnew-4*time.Second)/y.piece)*4/5)
		require.LessOrEqual(t, wait, 2*(y.delay+y.piece), "the window is %d", w.size)
	}
}

// Where two pieces hold each other up there is one under way, and where no longer,
// that is soon found out.
func TestWindowOfOnePiece(t *testing.T) {
	w := &window{on: true}
	now := time.Duration(0)
	rounds := func(n int, took func(pieces int) time.Duration) {
		for range n {
			first := w.last + 1
			for w.open() {
				w.sends(now)
				w.alone = 0
			}
			now += took(int(w.last - w.done))
			for ; first <= w.last; first++ {
				w.passed(first, now)
			}
		}
	}
	rounds(1, func(int) time.Duration { return 40 * time.Microsecond })
	rounds(100, func(pieces int) time.Duration {
		return time.Duration(50*pieces*pieces) * time.Microsecond
	})
	require.Equal(t, 1, w.size)
	rounds(int(learnSoon/time.Millisecond)+10, func(int) time.Duration { return time.Millisecond })
	require.Equal(t, widest, w.size)
}

// Times that vary a little do not keep the window from becoming as wide as the way is
// long.
func TestWindowBearsJitter(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	w := &window{on: true, size: 2, fastest: 20 * time.Millisecond, anew: learnAnew}
	for now := time.Duration(0); now < learnAnew/2; now += 20 * time.Millisecond {
		for w.open() {
			w.sends(now)
			w.alone = 0
		}
		for w.done < w.last {
			w.passed(w.done+1, now+20*time.Millisecond+time.Duration(r.IntN(int(2*time.Millisecond))))
		}
	}
	require.Greater(t, w.size, 10)
}

// Whatever the peer says it has passed, the window counts right.
func TestWindowIsNotFooled(t *testing.T) {
	w := &window{on: true}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 10_000 {
		now := time.Duration(i)
		for w.open() {
			w.sends(now)
		}
		w.passed(r.Uint64(), now)
		w.passed(w.last+r.Uint64N(2), now) // perhaps all
		w.alone = r.IntN(2 * bigAlone)
		require.LessOrEqual(t, w.done, w.last)
		require.LessOrEqual(t, w.last-w.done, uint64(widest))
		require.True(t, w.size >= 0 && w.size <= widest)
	}
}

// While nobody sends small messages the window is wide; with the first one it closes.
func TestWindowIsWideForBigOnesAlone(t *testing.T) {
	w := &window{on: true}
	for range bigAlone {
		require.True(t, w.open())
		w.passed(w.sends(0), 1)
	}
	for range widest {
		require.True(t, w.open())
		w.sends(0)
	}
	require.False(t, w.open())
	w.passed(w.last-1, 0)
	require.True(t, w.open())
	w.alone = 0
	require.False(t, w.open())
}

// Small messages go on while the window is closed, each round ends with a piece at
// most, behind which there is a milestone, and what is left at the end is written.
func TestOutboxWindow(t *testing.T) {
	o := newOutbox(1 << 30)
	o.windowed()
	const big, small = 1, 2
	for i := range 5 {
		require.NoError(t, o.put(big, data, frameFor(big, uint64(i), bigFrame+1)))
		require.NoError(t, o.putBig(big, data, frameFor(big, uint64(10+i), chunkSize)(nil)))
	}
	// round is what the writer writes: how many small and big frames, and which
	// milestone behind these.
	round := func() (smalls, bigs int, milestone uint64) {
		slow, err := o.take()
		require.NoError(t, err)
		r := wire.NewReader(bytes.NewReader(bytes.Join(o.batch, nil)), 1<<20)
		for {
			f, err := r.Next()
			if err != nil {
				break
			}
			require.Equal(t, wire.KindCast, f.Kind)
			smalls++
		}
		o.give()
		if slow == nil {
			return smalls, 0, 0
		}
		milestone = o.window.last
		bigs = len(frames(t, withoutMilestone(t, slow, milestone)))
		require.Positive(t, bigs)
		return smalls, bigs, milestone
	}
	all := 0
	goes := func(want uint64, why string) {
		require.NoError(t, o.putCast(small, "Small", nil))
		smalls, bigs, milestone := round()
		require.Equal(t, 1, smalls)
		require.Equal(t, want, milestone, why)
		all += bigs
	}
	const none = 0
	goes(1, "")
	goes(none, "one, to learn how long it takes")
	goes(none, "")
	o.passed(1)
	goes(2, "")
	goes(none, "")
	o.passed(2)
	goes(3, "")
	goes(4, "now there may be two")
	goes(none, "")
	require.Equal(t, o.slowSize, o.queued(), "all else is written")

	o.end(errors.New("enough"), true)
	for {
		slow, err := o.take()
		if err != nil {
			break
		}
		all += len(frames(t, slow))
		o.give()
	}
	require.Equal(t, 10, all)
}

// withoutMilestone is a piece without the milestone behind it.
func withoutMilestone(t *testing.T, piece []byte, n uint64) []byte {
	t.Helper()
	g := &wire.Go{Msg: &wire.Go_Milestone{Milestone: &wire.Milestone{N: n}}}
	b, found := bytes.CutSuffix(piece, wire.Append(nil, &wire.NetworkMessage{Message: &wire.NetworkMessage_Go{Go: g}}))
	require.True(t, found)
	return b
}

// A milestone moves no piece, however large that is.
func TestOutboxMilestoneFits(t *testing.T) {
	for _, length := range []int{bigFrame + 1, chunkSize, keepSpace, 10 * keepSpace} {
		o := newOutbox(1 << 30)
		o.windowed()
		require.NoError(t, o.putCall(1, 1<<63, 1<<63, true, false, "Store", make([]byte, length)))
		before := &o.slow[0].b[0]
		o.window.last, o.window.done = 1<<63-1, 1<<63-1
		slow, err := o.take()
		require.NoError(t, err)
		withoutMilestone(t, slow, 1<<63)
		require.Same(t, before, &slow[0], "%d bytes", length)
		require.Equal(t, len(slow), o.writing)
	}
}

// The writer sleeps while the window is closed, and is woken when it opens.
func TestOutboxWakesForTheWindow(t *testing.T) {
	o := newOutbox(1 << 30)
	o.windowed()
	written := make(chan int, 100)
	done := make(chan error, 1)
	go func() { done <- o.write(writerFunc(func(p []byte) { written <- len(p) })) }()
	for range 4 {
		require.NoError(t, o.putBig(1, data, frameFor(1, 0, chunkSize)(nil)))
	}
	milestone := uint64(0)
	for milestone < 4 {
		if n := <-written; n > chunkSize {
			milestone++
			o.passed(milestone)
		}
	}
	o.end(errors.New("enough"), true)
	require.EqualError(t, <-done, "enough")
}

type writerFunc func(p []byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}
