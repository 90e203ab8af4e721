package registry

import (
	"iter"
	"math"
	"sync"
	"sync/atomic"
)

// ID names one entry of a [Slab] for ever: it is never given twice. The zero ID
// is never given. It is opaque; inside are a generation (high 32 bits) and a
// slot (low 32 bits).
type ID uint64

func newID(slot, generation uint32) ID { return ID(generation)<<32 | ID(slot) }

func (id ID) slot() uint32       { return uint32(id) }
func (id ID) generation() uint32 { return uint32(id >> 32) }

// Slab gives out ids for values and finds the values by them; the zero Slab is
// ready. All methods may be called from any goroutine, but see Set. A Slab must
// not be copied after its first use.
//
// Lookup takes no lock and writes nothing. Insert and Remove take no lock
// either, except when one Insert in 4,096, or the 65th, adds memory: two or three atomic
// writes to the entry and one to a word that all of them share.
//
// An entry takes 16 bytes. They are used again, but not given back: a Slab
// keeps 16 bytes for the largest number of entries that it ever had at once,
// because the generations in them are what keeps old ids from being given
// again. Values are not kept.
//
// # Why an old id never finds a later value
//
// The generation of a slot only grows. It is even while the slot is free and
// odd while it is taken; the ID holds the odd number. A value is in its slot
// only while the generation is the value's own:
//
//   - Insert owns a slot alone, between taking it from the free list and giving
//     the ID away. It stores the value and then makes the generation odd: when
//     the generation says taken, the value is there.
//   - Remove moves the generation on with a compare-and-swap, so of many calls
//     for one ID one wins. That one owns the slot alone, clears the value, and
//     only then pushes the slot on the free list. Were the value cleared first,
//     the loser of two calls could be late and clear the value of the next owner.
//   - So a later value is stored after the generation has left this ID's for
//     good, and an earlier one is cleared before the generation reached it.
//   - Lookup reads generation, value, generation. When both generations are the
//     ID's, it was so all the time between, and the value that was read is the
//     ID's own, or nil before Set. When the second differs, whatever was read is
//     thrown away. For an ID that was given the second reading alone would do;
//     the first covers ids that a peer guessed, and costs no more than a load of
//     a line that is needed anyway.
//
// Go's atomics are sequentially consistent, so these orders are the orders that
// other cores see.
//
// A slot whose generation is used up, after 2^31 entries, is retired: it gets
// generation 0 again, which is free, and is not pushed on the free list. Its
// every ID was given once and is stale for ever.
type Slab[V any] struct {
	chunks atomic.Pointer[[]chunk[V]] // grows under growing; the slice read here never changes
	_      [120]byte                  // readers of chunks do not wait for writers of the words below

	free  atomic.Uint64 // head of the free list: pops in the high half, slot+1 in the low, 0 there is empty
	fresh atomic.Uint64 // slots below this were given at least once; may run over maxSlots
	_     [112]byte

	growing sync.Mutex
}

const (
	firstLen  = 64 // of the first chunk: a System of a few actors is made and ended quickly
	chunkBits = 12
	chunkLen  = 1 << chunkBits // of all others
	maxSlots  = math.MaxUint32 // slot+1 fits in 32 bits
)

type chunk[V any] []slot[V]

// place is the chunk of a slot, and where it is there.
func place(at uint32) (chunk, index int) {
	if at < firstLen {
		return 0, int(at)
	}
	at -= firstLen
	return 1 + int(at>>chunkBits), int(at % chunkLen)
}

type slot[V any] struct {
	value      atomic.Pointer[V]
	generation atomic.Uint32 // odd: taken; even: free. Only grows
	next       atomic.Uint32 // on the free list: the next slot+1
}

// Insert adds v and returns its ID, never one that was given before. It uses a
// freed slot if there is one. When 2^32-1 entries are there at once, which is
// 64 GiB of slots, it adds nothing and returns the zero ID.
func (s *Slab[V]) Insert(v *V) ID {
	at, ok := s.pop()
	if !ok {
		if at, ok = s.take(); !ok {
			return 0
		}
	}
	slot := s.at(at)
	slot.value.Store(v)
	window()
	generation := slot.generation.Load() + 1
	slot.generation.Store(generation)
	return newID(at, generation)
}

// Reserve returns an ID without a value: Lookup says nil until Set gives it
// one. It is for values that must know their own ID before anybody finds them.
// The ID is given back with Remove.
func (s *Slab[V]) Reserve() ID { return s.Insert(nil) }

// Set gives the reserved id its value, and says whether it could: false when
// the id is gone. Only the goroutine that reserved the id may call it, and not
// at the same time as Remove of this id; afterwards anybody may Lookup and
// Remove.
func (s *Slab[V]) Set(id ID, v *V) bool {
	slot := s.find(id)
	if slot == nil || slot.generation.Load() != id.generation() {
		return false
	}
	slot.value.Store(v)
	return true
}

// Lookup returns the value of id, nil when it was removed, when it has none
// yet, or when the id was never given. It costs a few nanoseconds and what
// a cache miss costs.
func (s *Slab[V]) Lookup(id ID) *V {
	slot := s.find(id)
	if slot == nil || slot.generation.Load() != id.generation() {
		return nil
	}
	window()
	v := slot.value.Load()
	window()
	if slot.generation.Load() != id.generation() {
		return nil
	}
	return v
}

// Remove takes the entry of id away and says whether it was there; of several
// calls for one id one returns true. From then on id finds nothing and the Slab
// does not keep the value alive.
func (s *Slab[V]) Remove(id ID) bool {
	slot, generation := s.find(id), id.generation()
	if slot == nil || !slot.generation.CompareAndSwap(generation, generation+1) {
		return false
	}
	window()
	slot.value.Store(nil)
	window()
	if generation != math.MaxUint32 {
		s.push(id.slot())
	}
	return true
}

// Len returns how many ids are given and not removed, nearly so while that
// changes. It counts them, a nanosecond or two for each slot: there is no
// counter that every Insert and Remove would have to share.
func (s *Slab[V]) Len() int {
	n := 0
	for _, slot := range s.given() {
		n += int(slot.generation.Load() & 1)
	}
	return n
}

// All yields the entries that have a value, in no order. It is not a snapshot:
// an entry that is there all the time is yielded exactly once, one that comes
// or goes meanwhile at most once. The loop may use the Slab.
func (s *Slab[V]) All() iter.Seq2[ID, *V] {
	return func(yield func(ID, *V) bool) {
		for at, slot := range s.given() {
			id := newID(at, slot.generation.Load())
			if v := s.Lookup(id); v != nil && !yield(id, v) {
				return
			}
		}
	}
}

// given yields the slots that were ever given when it began: who has one now has
// taken it before.
func (s *Slab[V]) given() iter.Seq2[uint32, *slot[V]] {
	return func(yield func(uint32, *slot[V]) bool) {
		left := s.fresh.Load()
		at := uint32(0)
		for _, chunk := range s.all() {
			for i := range chunk[:min(left, uint64(len(chunk)))] {
				if !yield(at, &chunk[i]) {
					return
				}
				at++
				left--
			}
		}
	}
}

// find returns the slot of an id that may have been given, nil for any other.
func (s *Slab[V]) find(id ID) *slot[V] {
	chunks := s.chunks.Load()
	chunk, i := place(id.slot())
	if chunks == nil || chunk >= len(*chunks) || id.generation()&1 == 0 {
		return nil
	}
	return &(*chunks)[chunk][i]
}

// at returns a slot that is known to be there.
func (s *Slab[V]) at(at uint32) *slot[V] {
	chunk, i := place(at)
	return &(*s.chunks.Load())[chunk][i]
}

func (s *Slab[V]) all() []chunk[V] {
	if chunks := s.chunks.Load(); chunks != nil {
		return *chunks
	}
	return nil
}

// take returns a slot that was never given, false when there is none left.
func (s *Slab[V]) take() (uint32, bool) {
	at := s.fresh.Load()
	if at < maxSlots {
		at = s.fresh.Add(1) - 1
	}
	if at >= maxSlots { // the look before the Add keeps the counter from running round
		return 0, false
	}
	if need, _ := place(uint32(at)); need >= len(s.all()) {
		s.grow(need)
	}
	return uint32(at), true
}

// grow adds chunks up to the one numbered last, if nobody did so yet. A reader keeps the slice that it
// has loaded: append writes only beyond that slice's end, or to a copy.
func (s *Slab[V]) grow(last int) {
	s.growing.Lock()
	defer s.growing.Unlock()
	chunks := s.all()
	for last >= len(chunks) {
		size := chunkLen
		if len(chunks) == 0 {
			size = firstLen
		}
		chunks = append(chunks, make(chunk[V], size))
	}
	s.chunks.Store(&chunks)
}

// The free list is a stack of slots, linked through them (R. K. Treiber,
// "Systems Programming: Coping with Parallelism", IBM RJ 5118, 1986). Last
// freed, first used: the slot that is still in the cache.
//
// pop is the operation in danger: between its reading of the head A with next B
// and its compare-and-swap others may pop A, pop B and push A back; the head
// would be A again, and B, which is taken, would become the head. Therefore the
// head counts pops in its high half, and A cannot come back without one: the
// swap fails. The count comes round after 2^32 pops; to be fooled a goroutine
// would have to be held up between two neighbouring instructions for at least
// half a minute, with nothing but pops meanwhile, wake after a whole multiple of
// 2^32 of them, and find the same slot on top.
//
// Rejected: a mutex (a holder that is preempted stops all, and it is two writes
// instead of one), and lists per core (Go does not say on which core one is;
// guessing costs as much as the contended word, and slots strand on lists that
// nobody pops from).

// pop takes a slot from the free list for the caller alone.
func (s *Slab[V]) pop() (uint32, bool) {
	for {
		head := s.free.Load()
		top := uint32(head) // the low half
		if top == 0 {
			return 0, false
		}
		next := uint64(s.at(top - 1).next.Load()) // may be stale by now: then the swap fails
		window()
		if s.free.CompareAndSwap(head, (head>>32+1)<<32|next) {
			return top - 1, true
		}
	}
}

// push puts a slot that the caller owns alone on the free list.
func (s *Slab[V]) push(at uint32) {
	next := &s.at(at).next
	for {
		head := s.free.Load()
		next.Store(uint32(head)) // before the swap: who pops the slot reads it
		if s.free.CompareAndSwap(head, head&^math.MaxUint32|uint64(at+1)) {
			return
		}
	}
}
