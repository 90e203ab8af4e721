package registry

// MaxSlots is the largest number of entries at once.
const MaxSlots uint64 = maxSlots

// NewID and Parts open up what an ID is made of.
func NewID(slot, generation uint32) ID { return newID(slot, generation) }

// Parts is the inverse of NewID.
func (id ID) Parts() (slot, generation uint32) { return id.slot(), id.generation() }

// Age sets the generation of a slot that is free.
func (s *Slab[V]) Age(slot, generation uint32) { s.at(slot).generation.Store(generation) }

// Fresh returns how many slots were ever given.
func (s *Slab[V]) Fresh() uint64 { return s.fresh.Load() }

// SetFresh pretends that n slots were given.
func (s *Slab[V]) SetFresh(n uint64) { s.fresh.Store(n) }
