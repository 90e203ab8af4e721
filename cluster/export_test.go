package cluster

// Forge sends a cast to whatever actor has that id at the peer of n's only session.
func (n *Node) Forge(pid uint64, variant string, args []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sorted()[0].out.putCast(pid, variant, args)
}
