package timerwheel_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

const timers = 48

// player drives twins by a string of bytes, every string a valid game.
type player struct {
	twins

	all   [timers]*timer
	bytes []byte
}

func play(t *testing.T, bytes []byte) {
	p := &player{twins: twins{t: t}, bytes: bytes}
	for i := range p.all {
		p.all[i] = newTimer()
	}
	for len(p.bytes) > 0 {
		p.move()
		p.check()
	}
	for p.w.Len() > 0 {
		p.wake(nil)
		p.check()
	}
}

func (p *player) byte() byte {
	if len(p.bytes) == 0 {
		return 0
	}
	b := p.bytes[0]
	p.bytes = p.bytes[1:]
	return b
}

func (p *player) timer() *timer { return p.all[int(p.byte())%timers] }

// span is a number of ticks of any magnitude: a multiple of a power of two, give
// or take two; or any int64 at all.
func (p *player) span() int64 {
	b := p.byte()
	if b&0x3f == 0x3f {
		var raw [8]byte
		for i := range raw {
			raw[i] = p.byte()
		}
		return int64(binary.LittleEndian.Uint64(raw[:]))
	}
	return int64(b&0x3)<<(b>>2) + int64(p.byte()%5) - 2
}

func (p *player) move() {
	switch op := p.byte(); op % 8 {
	case 0, 1, 2:
		p.insert(p.timer(), after(p.m.now, p.span()))
	case 3:
		p.remove(p.timer())
	case 4, 5:
		p.advance(after(p.m.now, p.span()), p.inside)
	case 6:
		p.wake(p.inside)
	case 7: // a batch, left half done
		now := after(p.m.now, p.span())
		for range op / 8 % 4 {
			n := p.w.Pop(now)
			p.fired(n, now)
			if n == nil {
				break
			}
			p.inside(n.Value)
		}
	}
}

// inside is what the owner of a timer does when it fires. Each act uses up bytes,
// so that a game ends.
func (p *player) inside(self *timer) {
	if len(p.bytes) == 0 {
		return
	}
	switch op := p.byte(); op % 8 {
	case 0, 1:
		p.insert(self, after(p.m.now, p.span()))
	case 2:
		p.insert(p.timer(), after(p.m.now, p.span()))
	case 3:
		p.remove(p.timer())
	case 4: // remove the next, perhaps due as well
		if len(p.m.list) > 0 {
			p.remove(p.m.list[0].timer)
		}
	case 5: // put the next behind others of its tick
		if len(p.m.list) > 0 {
			p.insert(p.m.list[0].timer, p.m.list[0].tick)
		}
	}
}

func TestRandomOperations(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 9))
		bytes := make([]byte, 1500)
		for i := range bytes {
			bytes[i] = byte(rng.Uint32())
			if seed%2 == 0 && rng.IntN(3) > 0 { // keep to small spans for a while
				bytes[i] &= 0x1f
			}
		}
		play(t, bytes)
	}
}

func FuzzWheel(f *testing.F) {
	f.Add([]byte{})
	// Two of one tick: the first inserts itself again, the second moves the first.
	f.Add([]byte{0, 1, 5, 2, 0, 2, 5, 2, 6, 0, 5, 2, 5, 6})
	// The first of two in a slot of level 1 is removed: a needless wake.
	f.Add([]byte{0, 1, 25, 2, 0, 3, 25, 3, 3, 1, 6, 6})
	// The top levels, and jumps across them.
	f.Add([]byte{0, 1, 0xed, 2, 1, 2, 0xf1, 2, 4, 0xe9, 4, 4, 0xf1, 3})
	// The last tick, and again from there.
	f.Add([]byte{0, 7, 0x3f, 255, 255, 255, 255, 255, 255, 255, 127, 6, 0, 7, 3})
	// A tick long ago.
	f.Add([]byte{0, 7, 0x3f, 0, 0, 0, 0, 0, 0, 0, 128, 6, 6})
	// A batch left half done.
	f.Add([]byte{0, 1, 9, 2, 0, 2, 9, 2, 0, 3, 9, 2, 15, 13, 2, 7, 4, 13, 2})
	f.Fuzz(func(t *testing.T, bytes []byte) {
		play(t, bytes[:min(len(bytes), 4096)])
	})
}
