package actortest

// faults injects what Faults allows. A nil *faults injects nothing.
type faults struct{}

func (f *faults) handling(*sim, *strand) {}
