package registry_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"weak"

	"github.com/puzpuzpuz/xsync/v3"
	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/registry"
)

func ExampleSlab() {
	var slab registry.Slab[string]
	hello := "hello"
	id := slab.Insert(&hello)
	fmt.Println(*slab.Lookup(id))
	slab.Remove(id)
	fmt.Println(slab.Lookup(id) == nil)
	// Output:
	// hello
	// true
}

func TestSlabZero(t *testing.T) {
	var slab registry.Slab[int]
	for _, id := range []registry.ID{0, 1, 1 << 32, math.MaxUint64, registry.NewID(5000, 1)} {
		require.Nil(t, slab.Lookup(id))
		require.False(t, slab.Remove(id))
		require.False(t, slab.Set(id, new(int)))
	}
	require.Zero(t, slab.Len())
	require.Empty(t, maps.Collect(slab.All()))
}

// model is a Slab beside the plain map that it should be.
type model struct {
	*testing.T

	slab  registry.Slab[int]
	live  map[registry.ID]*int // nil: reserved
	order []registry.ID        // keys of live
	stale []registry.ID
	given map[registry.ID]bool
}

// step does the operation that op stands for, on the entry that pick stands for.
func (m *model) step(op, pick byte) {
	add := func(id registry.ID, v *int) {
		require.NotZero(m, id)
		require.False(m, m.given[id], "%#x was given before", id)
		m.given[id], m.live[id] = true, v
		m.order = append(m.order, id)
	}
	choose := func(ids []registry.ID) (registry.ID, bool) {
		if len(ids) == 0 {
			return 0, false
		}
		return ids[int(pick)%len(ids)], true
	}
	switch op % 8 {
	case 0, 1, 2:
		v := new(int)
		add(m.slab.Insert(v), v)
	case 3:
		add(m.slab.Reserve(), nil)
	case 4:
		if id, ok := choose(m.order); ok && m.live[id] == nil {
			m.live[id] = new(int)
			require.True(m, m.slab.Set(id, m.live[id]))
		}
	case 5, 6:
		if id, ok := choose(m.order); ok {
			require.True(m, m.slab.Remove(id))
			require.False(m, m.slab.Remove(id), "twice")
			delete(m.live, id)
			at := int(pick) % len(m.order)
			m.order[at] = m.order[len(m.order)-1]
			m.order = m.order[:len(m.order)-1]
			m.stale = append(m.stale, id)
		}
	case 7:
		for _, ids := range [][]registry.ID{m.stale, m.order} {
			if id, ok := choose(ids); ok { // ids that were never given: a generation ahead, a slot ahead
				slot, generation := id.Parts()
				for _, other := range []registry.ID{registry.NewID(slot, generation+1), registry.NewID(slot+1<<14, generation)} {
					require.Nil(m, m.slab.Lookup(other))
					require.False(m, m.slab.Set(other, new(int)))
					require.False(m, m.slab.Remove(other))
				}
			}
		}
	}
	if id, ok := choose(m.stale); ok {
		require.Nil(m, m.slab.Lookup(id))
		require.False(m, m.slab.Remove(id))
		require.False(m, m.slab.Set(id, new(int)))
	}
	if id, ok := choose(m.order); ok {
		require.Same(m, m.live[id], m.slab.Lookup(id))
	}
}

func (m *model) check() {
	require.Equal(m, len(m.live), m.slab.Len())
	want := maps.Clone(m.live)
	maps.DeleteFunc(want, func(_ registry.ID, v *int) bool { return v == nil })
	seen := map[registry.ID]*int{}
	for id, v := range m.slab.All() {
		if _, twice := seen[id]; twice {
			m.Fatalf("All yields %#x twice", id)
		}
		seen[id] = v
	}
	if !maps.Equal(want, seen) {
		m.Fatalf("All yields %v, not %v", seen, want)
	}
	for _, id := range m.stale {
		if v := m.slab.Lookup(id); v != nil {
			m.Fatalf("%#x is stale and finds %p", id, v)
		}
	}
}

func newModel(t *testing.T) *model {
	return &model{T: t, live: map[registry.ID]*int{}, given: map[registry.ID]bool{}}
}

func TestSlabModel(t *testing.T) {
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 0))
		m := newModel(t)
		for range 40 { // phases that grow and phases that shrink
			bias := byte(r.IntN(9))
			for range 1000 {
				op := byte(r.IntN(8))
				if r.IntN(12) < int(bias) {
					op = []byte{0, 5}[bias%2]
				}
				m.step(op, byte(r.IntN(256)))
			}
			m.check()
		}
		require.Greater(t, len(m.stale), 1000)
	}
}

func FuzzSlab(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 5, 0, 0, 0, 7, 0})
	f.Add([]byte{3, 0, 4, 0, 5, 0, 3, 0, 5, 0, 0, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		m := newModel(t)
		for i := 0; i+1 < len(ops); i += 2 {
			m.step(ops[i], ops[i+1])
		}
		m.check()
	})
}

// Across the borders of several chunks every value is found under its ID.
func TestSlabManyChunks(t *testing.T) {
	const n = 3*4096 + 5
	var slab registry.Slab[int]
	values, ids := make([]int, n), make([]registry.ID, n)
	for round := range 2 {
		for i := range values {
			ids[i] = slab.Insert(&values[i])
		}
		for i, id := range ids {
			require.Same(t, &values[i], slab.Lookup(id))
		}
		require.Equal(t, n, slab.Len())
		require.EqualValues(t, n, slab.Fresh(), "round %d uses the slots of the round before", round)
		for _, id := range ids {
			require.True(t, slab.Remove(id))
		}
		require.Zero(t, slab.Len())
	}
}

// A slot whose generation is used up is retired: its last ID is the largest
// generation there is, and the next Insert takes another slot.
func TestSlabGenerationsUsedUp(t *testing.T) {
	var slab registry.Slab[int]
	v := new(int)
	first := slab.Insert(v)
	slot, _ := first.Parts()
	require.True(t, slab.Remove(first))
	slab.Age(slot, math.MaxUint32-3)

	var old []registry.ID
	for _, generation := range []uint32{math.MaxUint32 - 2, math.MaxUint32} {
		id := slab.Insert(v)
		require.Equal(t, registry.NewID(slot, generation), id)
		require.Same(t, v, slab.Lookup(id))
		require.True(t, slab.Remove(id))
		old = append(old, id)
	}
	for range 10 {
		id := slab.Insert(v)
		other, generation := id.Parts()
		require.NotEqual(t, slot, other)
		require.EqualValues(t, 1, generation)
		old = append(old, id)
	}
	for _, id := range old[:2] {
		require.Nil(t, slab.Lookup(id))
		require.False(t, slab.Remove(id))
		require.False(t, slab.Set(id, v))
	}
	for generation := range uint32(4) { // nor do the first ones come back
		require.Nil(t, slab.Lookup(registry.NewID(slot, generation)))
		require.False(t, slab.Remove(registry.NewID(slot, generation)))
	}
	require.Equal(t, 10, slab.Len())
}

func TestSlabFull(t *testing.T) {
	var slab registry.Slab[int]
	id := slab.Insert(new(int))
	slab.SetFresh(registry.MaxSlots)
	for range 3 {
		require.Zero(t, slab.Insert(new(int)))
		require.Zero(t, slab.Reserve())
	}
	require.Equal(t, registry.MaxSlots, slab.Fresh())
	require.True(t, slab.Remove(id))
	require.NotZero(t, slab.Insert(new(int)), "a freed slot serves a full slab")
	require.Zero(t, slab.Insert(new(int)))
}

// entry knows its own ID, so that whoever finds it can tell whether it is the
// one that was asked for.
type entry struct{ id registry.ID }

// Goroutines insert and remove as fast as they can on few slots. Each checks
// that its live ids find its own entries and its stale ids nothing; one more
// looks up ids at random, given or not, and must never find a foreign entry.
func TestSlabStress(t *testing.T) {
	const writers, rounds = 4, 20_000
	var slab registry.Slab[entry]
	var newest atomic.Uint64 // some id given lately, for the strangers
	var wg, strangers sync.WaitGroup
	done := make(chan struct{})
	for w := range writers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 9))
			var live []*entry
			var stale [64]registry.ID
			for round := range rounds {
				if len(live) == 0 || (len(live) < 8 && r.IntN(2) == 0) {
					e := &entry{id: slab.Reserve()}
					if slab.Lookup(e.id) != nil {
						t.Errorf("%#x was reserved and has a value", e.id)
					}
					slab.Set(e.id, e)
					newest.Store(uint64(e.id))
					live = append(live, e)
				} else {
					at := r.IntN(len(live))
					id := live[at].id
					if slab.Lookup(id) != live[at] {
						t.Errorf("%#x does not find its own entry", id)
					}
					if !slab.Remove(id) || slab.Remove(id) {
						t.Errorf("%#x was not removed exactly once", id)
					}
					stale[round%len(stale)] = id
					live[at] = live[len(live)-1]
					live = live[:len(live)-1]
				}
				if id := stale[r.IntN(len(stale))]; slab.Lookup(id) != nil || slab.Remove(id) {
					t.Errorf("%#x is stale and finds something", id)
				}
			}
			for _, e := range live {
				slab.Remove(e.id)
			}
		})
	}
	for s := range 2 {
		strangers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(s), 10))
			for {
				select {
				case <-done:
					return
				default:
				}
				for range 100 {
					slot, generation := registry.ID(newest.Load()).Parts()
					id := registry.NewID(slot^r.Uint32N(4), generation+r.Uint32N(9)-4)
					if e := slab.Lookup(id); e != nil && e.id != id {
						t.Errorf("%#x finds %#x", id, e.id)
					}
				}
				for id, e := range slab.All() {
					if e.id != id {
						t.Errorf("All yields %#x under %#x", e.id, id)
					}
				}
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	close(done)
	strangers.Wait()
	require.Zero(t, slab.Len())
	require.LessOrEqual(t, slab.Fresh(), uint64(writers*9), "freed slots are used again")
}

// One id, many that remove it: one does. The slot is never on the free list
// twice, so the next two ids differ.
func TestRemoveHasOneWinner(t *testing.T) {
	var slab registry.Slab[int]
	for range 200 {
		id := slab.Insert(new(int))
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if slab.Remove(id) {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, won.Load())
		a, b := slab.Insert(new(int)), slab.Insert(new(int))
		require.NotEqual(t, a, b)
		require.True(t, slab.Remove(a))
		require.True(t, slab.Remove(b))
	}
}

// The losers of a race to remove may be late: by then the winner has given the
// slot to a new entry, which must not suffer.
func TestLateRemoveHarmsNobody(t *testing.T) {
	var slab registry.Slab[entry]
	var current, wins atomic.Uint64
	insert := func() *entry {
		e := &entry{id: slab.Reserve()}
		slab.Set(e.id, e)
		return e
	}
	current.Store(uint64(insert().id))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for wins.Load() < 3000 {
				id := registry.ID(current.Load())
				if !slab.Remove(id) {
					runtime.Gosched()
					continue
				}
				wins.Add(1)
				e := insert()
				for range 3 {
					runtime.Gosched()
					if slab.Lookup(e.id) != e {
						t.Errorf("%#x lost its entry", e.id)
					}
				}
				current.Store(uint64(e.id))
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, slab.Len())
}

// While others come and go on every chunk, All yields each entry that stays
// exactly once.
func TestAllWhileOthersComeAndGo(t *testing.T) {
	const stay = 9000
	var slab registry.Slab[entry]
	staying := map[registry.ID]*entry{}
	var holes []registry.ID
	for i := range 2 * stay {
		e := &entry{}
		e.id = slab.Insert(e)
		if i%2 == 0 {
			staying[e.id] = e
		} else {
			holes = append(holes, e.id)
		}
	}
	for _, id := range holes {
		slab.Remove(id)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				var ids [300]registry.ID
				for i := range ids {
					ids[i] = slab.Insert(&entry{})
				}
				for _, id := range ids {
					slab.Remove(id)
				}
			}
		})
	}
	for range 10 {
		seen := map[registry.ID]bool{}
		stayed := 0
		for id, e := range slab.All() {
			require.False(t, seen[id], "%#x twice", id)
			seen[id] = true
			if want, ok := staying[id]; ok {
				require.Same(t, want, e)
				stayed++
			}
		}
		require.Equal(t, stay, stayed)
	}
	close(done)
	wg.Wait()
	require.Equal(t, stay, slab.Len())
	for range slab.All() { // the loop may be left
		break
	}
	for id := range slab.All() { // and may use the slab
		slab.Remove(id)
	}
	require.Zero(t, slab.Len())
}

// The slots of a chunk are all given, by however many goroutines at once, and
// each once.
func TestGrowthFromManyGoroutines(t *testing.T) {
	const each = 5000
	for range 5 {
		var slab registry.Slab[entry]
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range each {
					e := &entry{id: slab.Reserve()}
					slab.Set(e.id, e)
				}
			})
		}
		wg.Wait()
		n := 0
		for id, e := range slab.All() {
			require.Equal(t, id, e.id)
			n++
		}
		require.Equal(t, 4*each, n)
		require.EqualValues(t, 4*each, slab.Fresh())
	}
}

func TestRemovedValueIsNotKept(t *testing.T) {
	var slab registry.Slab[[64]byte]
	v := new([64]byte)
	w := weak.Make(v)
	id := slab.Insert(v)
	runtime.GC()
	require.NotNil(t, w.Value(), "an entry keeps its value")
	require.True(t, slab.Remove(id))
	runtime.GC()
	require.Nil(t, w.Value())
	require.Nil(t, slab.Lookup(id))
}

// The stores that ids might have been kept in, as the benchmarks see them.
type store struct {
	name   string
	insert func(*entry) registry.ID
	lookup func(registry.ID) *entry
	remove func(registry.ID)
}

func stores() []store {
	var counter atomic.Uint64
	std, sharded, slab := &sync.Map{}, xsync.NewMapOf[registry.ID, *entry](), &registry.Slab[entry]{}
	return []store{{
		"baseline=sync.Map",
		func(e *entry) registry.ID { id := registry.ID(counter.Add(1)); std.Store(id, e); return id },
		func(id registry.ID) *entry { v, _ := std.Load(id); e, _ := v.(*entry); return e },
		func(id registry.ID) { std.Delete(id) },
	}, {
		"baseline=xsync.MapOf",
		func(e *entry) registry.ID { id := registry.ID(counter.Add(1)); sharded.Store(id, e); return id },
		func(id registry.ID) *entry { e, _ := sharded.Load(id); return e },
		func(id registry.ID) { sharded.Delete(id) },
	}, {"Slab", slab.Insert, slab.Lookup, func(id registry.ID) { slab.Remove(id) }}}
}

// An op is one Insert and one Remove, with 1,000 entries alive beside.
func BenchmarkInsertRemove(b *testing.B) {
	for _, s := range stores() {
		for range 1000 {
			s.insert(&entry{})
		}
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			e := &entry{}
			for b.Loop() {
				s.remove(s.insert(e))
			}
		})
		b.Run(s.name+"/parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				e := &entry{}
				for pb.Next() {
					s.remove(s.insert(e))
				}
			})
		})
	}
}

// An op is one Insert into a store that grows to 100,000 entries.
func BenchmarkInsertFresh(b *testing.B) {
	const n = 100_000
	for _, name := range []int{0, 1, 2} {
		b.Run(stores()[name].name, func(b *testing.B) {
			b.ReportAllocs()
			e := &entry{}
			var s store
			i := 0
			for b.Loop() {
				if i%n == 0 {
					s = stores()[name]
				}
				s.insert(e)
				i++
			}
		})
	}
}

// An op is one Lookup at random among 100,000 entries.
func BenchmarkLookup(b *testing.B) {
	const n = 1 << 17
	for _, s := range stores() {
		ids := make([]registry.ID, n)
		for i := range ids {
			ids[i] = s.insert(&entry{})
		}
		rand.Shuffle(n, func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if s.lookup(ids[i%n]) == nil {
					b.Fatal("lost")
				}
				i++
			}
		})
	}
}
