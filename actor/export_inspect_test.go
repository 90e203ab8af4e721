package actor

// Hooks is how many OnStopping hooks r has.
func Hooks(r AnyRef) int {
	x := r.actor().extra()
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.hooks)
}
