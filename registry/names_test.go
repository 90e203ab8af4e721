package registry_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"weak"

	"github.com/puzpuzpuz/xsync/v3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/registry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ExampleTable() {
	var names registry.Table[int]
	names.Claim("logger", 7)
	owner, ok := names.Claim("logger", 8)
	fmt.Println(owner, ok)
	fmt.Println(names.Release("logger", 8)) // not its owner
	fmt.Println(names.Lookup("logger"))
	// Output:
	// 7 false
	// false
	// 7 true
}

func TestTableZero(t *testing.T) {
	var names registry.Table[int]
	_, ok := names.Lookup("x")
	require.False(t, ok)
	require.False(t, names.Release("x", 0))
	require.Zero(t, names.Len())
	require.Empty(t, maps.Collect(names.All()))
}

// tableModel is a Table beside the plain map that it should be.
type tableModel struct {
	*testing.T

	names registry.Table[int]
	plain map[string]int
}

// step does the operation that op stands for.
func (m *tableModel) step(op byte, name string, v int) {
	had, taken := m.plain[name]
	switch op % 4 {
	case 0, 1:
		owner, ok := m.names.Claim(name, v)
		require.Equal(m, !taken, ok)
		if !taken {
			m.plain[name], had = v, v
		}
		require.Equal(m, had, owner)
	case 2:
		released := m.names.Release(name, v)
		require.Equal(m, taken && had == v, released)
		if released {
			delete(m.plain, name)
		}
	case 3:
		owner, ok := m.names.Lookup(name)
		require.Equal(m, taken, ok)
		require.Equal(m, had, owner)
	}
	require.Equal(m, len(m.plain), m.names.Len())
}

func (m *tableModel) check() {
	require.Equal(m, m.plain, maps.Collect(m.names.All()))
	for range m.names.All() { // the loop may be left
		break
	}
}

// Against a plain map, with few names and few owners, so that they meet often.
func TestTableModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	m := &tableModel{T: t, plain: map[string]int{}}
	for range 50_000 {
		m.step(byte(r.IntN(4)), fmt.Sprint("n", r.IntN(50)), r.IntN(4))
	}
	m.check()
}

// FuzzTable takes each line for an operation: its first byte says which, and for
// whom, the rest is the name.
func FuzzTable(f *testing.F) {
	f.Add([]byte("\x00a\n\x04a\n\x02a\n\x06a\n\x03a"))
	f.Add([]byte("\x00\n\x02\n\x03\n"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		m := &tableModel{T: t, plain: map[string]int{}}
		for line := range bytes.SplitSeq(ops, []byte("\n")) {
			if len(line) > 0 {
				m.step(line[0], string(line[1:]), int(line[0]/4%4))
			}
		}
		m.check()
	})
}

// N2: of many that claim one name one gets it, and all others learn who; the
// first claims of all race to make the table too.
func TestClaimHasOneWinner(t *testing.T) {
	const claimants = 100
	for range 50 {
		var names registry.Table[int]
		var wg sync.WaitGroup
		owners, wins, start := make([]int, claimants), make([]bool, claimants), make(chan struct{})
		for i := range claimants {
			wg.Go(func() {
				<-start
				owners[i], wins[i] = names.Claim("the one", i)
			})
		}
		close(start)
		wg.Wait()
		winner := -1
		for i, won := range wins {
			if won {
				require.Equal(t, -1, winner, "a second winner")
				winner = i
			}
		}
		require.NotEqual(t, -1, winner)
		for _, owner := range owners {
			require.Equal(t, winner, owner)
		}
		for i := range claimants {
			require.Equal(t, i == winner, names.Release("the one", i))
			if i < winner {
				owner, _ := names.Lookup("the one")
				require.Equal(t, winner, owner)
			}
		}
		require.Zero(t, names.Len())
	}
}

// A name as a lock: claim, work, release. Two owners at once would be seen.
func TestClaimAndReleaseExclude(t *testing.T) {
	var names registry.Table[int]
	var inside [3]int // written by the owner of each name only: -race watches
	var wg sync.WaitGroup
	for me := range 8 {
		wg.Go(func() {
			for turn := range 2000 {
				which := turn % len(inside)
				name := fmt.Sprint(which)
				if _, ok := names.Claim(name, me); !ok {
					names.Release(name, me) // not ours: must do nothing
					continue
				}
				inside[which] = me
				runtime.Gosched()
				if inside[which] != me {
					t.Errorf("%q has a second owner", name)
				}
				if !names.Release(name, me) {
					t.Errorf("%q was taken away", name)
				}
			}
		})
	}
	wg.Wait()
	require.Zero(t, names.Len())
}

func TestReleasedOwnerIsNotKept(t *testing.T) {
	var names registry.Table[*[64]byte]
	v := new([64]byte)
	w := weak.Make(v)
	names.Claim("x", v)
	names.Release("x", v)
	runtime.GC()
	require.Nil(t, w.Value())
	runtime.KeepAlive(&names)
}

func BenchmarkTableLookup(b *testing.B) {
	const n = 1000
	keys := make([]string, n)
	var names registry.Table[int]
	var std sync.Map
	plain := xsync.NewMapOf[string, int]()
	for i := range keys {
		keys[i] = fmt.Sprint("actor-", i)
		names.Claim(keys[i], i)
		std.Store(keys[i], i)
		plain.Store(keys[i], i)
	}
	each := func(name string, look func(key string)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				look(keys[i%n])
				i++
			}
		})
	}
	each("baseline=sync.Map", func(key string) { std.Load(key) })
	each("baseline=xsync.MapOf", func(key string) { plain.Load(key) })
	each("Table", func(key string) { names.Lookup(key) })
}

func BenchmarkTableClaimRelease(b *testing.B) {
	b.Run("baseline=sync.Map", func(b *testing.B) {
		b.ReportAllocs()
		var m sync.Map
		for b.Loop() {
			m.LoadOrStore("x", 1)
			m.CompareAndDelete("x", 1)
		}
	})
	b.Run("Table", func(b *testing.B) {
		b.ReportAllocs()
		var names registry.Table[int]
		for b.Loop() {
			names.Claim("x", 1)
			names.Release("x", 1)
		}
	})
}
