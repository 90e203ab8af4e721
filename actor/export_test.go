package actor

// Watchers is how many monitors are on r's list.
func Watchers(r AnyRef) (n int) {
	x := r.actor().rare.Load()
	if x == nil {
		return 0
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for w := x.watchers; w != nil; w = w.older {
		n++
	}
	return n
}

// Watching is how many monitors r has.
func Watching(r AnyRef) int {
	x := r.actor().rare.Load()
	if x == nil {
		return 0
	}
	x.watchMu.Lock()
	defer x.watchMu.Unlock()
	return len(x.watching)
}

// Timers is how many timers are armed in r's System.
func Timers(r AnyRef) int { return r.actor().kind.sys.sched.Stats().Timers }

// ChildrenOf is r's list of children, youngest first.
func ChildrenOf(r AnyRef) (children []AnyRef) {
	for _, c := range r.actor().children() {
		children = append(children, AnyRef{ref{c}})
	}
	return children
}

// Subscribers is how many subscriptions to dead letters there are.
func Subscribers(sys *System) int {
	sys.dead.mu.Lock()
	defer sys.dead.mu.Unlock()
	return len(sys.dead.to)
}
