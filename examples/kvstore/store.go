package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

// message is everything that a shard understands: to get a value, or to put one.
type message struct {
	key    string
	put    bool
	value  []byte            // nil deletes the key
	answer rpc.Reply[[]byte] // the value that the key has now; nil: none
}

// shard is an actor that has a part of the keys. It is a cache: what a shard knew
// is gone when it dies, and the next one begins empty.
type shard struct{ values map[string][]byte }

func (s *shard) Handle(_ *actor.Context[message], m message) error {
	switch {
	case m.put && m.value == nil:
		delete(s.values, m.key)
	case m.put:
		s.values[m.key] = m.value // replaced, never changed: who has asked for one may keep it
	}
	m.answer.Send(s.values[m.key])
	return nil
}

// store is the shards and their supervisor.
type store struct {
	supervisor supervisor.Supervisor
	shards     []actor.Ref[message] // by name: they outlive restarts
}

func open(ctx context.Context, shards int) (s *store, err error) {
	if shards < 1 {
		return nil, fmt.Errorf("-shards is %d: want at least 1", shards)
	}
	s = &store{}
	spec := supervisor.Spec{Intensity: supervisor.Intensity{Max: 10, Per: time.Minute}}
	for i := range shards {
		name := fmt.Sprintf("shard-%d", i)
		s.shards = append(s.shards, actor.ByName[message](ctx, name))
		spec.Children = append(spec.Children, supervisor.Child{
			ID: name,
			Start: supervisor.Of(func() *shard { return &shard{map[string][]byte{}} },
				actor.Named(name), actor.Bounded(1000, actor.Refuse)),
		})
	}
	s.supervisor, err = supervisor.Spawn(ctx, spec)
	return s, err
}

// of returns the shard that has a key.
func (s *store) of(key string) actor.Ref[message] {
	h := fnv.New32a()
	_, _ = io.WriteString(h, key)
	return s.shards[h.Sum32()%uint32(len(s.shards))]
}

func (s *store) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/keys/{key...}", s.keys)
	mux.HandleFunc("DELETE /shards/{shard}", s.kill)
	return mux
}

// keys serves GET, PUT and DELETE of one key.
func (s *store) keys(w http.ResponseWriter, r *http.Request) {
	m := message{key: r.PathValue("key"), put: r.Method != http.MethodGet}
	if r.Method == http.MethodPut {
		value, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		m.value = value
	}
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second) // a shard answers from memory
	defer cancel()
	value, err := rpc.Call(ctx, s.of(m.key), func(to rpc.Reply[[]byte]) message { m.answer = to; return m })
	switch {
	case err != nil: // the shard is down or has too much to do: others are not
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	case value == nil && !m.put:
		http.Error(w, fmt.Sprintf("no key %q", m.key), http.StatusNotFound)
	default:
		_, _ = w.Write(value) // the client may be gone
	}
}

// kill kills a shard, to show that another one takes its place.
func (s *store) kill(w http.ResponseWriter, r *http.Request) {
	child, err := s.supervisor.Child(r.Context(), r.PathValue("shard"))
	switch {
	case errors.Is(err, supervisor.ErrNotFound):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		child.Kill()
	}
}
