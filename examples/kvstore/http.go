package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

func (s *store) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /keys/{key...}", endpoint(s.get))
	mux.Handle("PUT /keys/{key...}", endpoint(s.put))
	mux.Handle("DELETE /keys/{key...}", endpoint(s.put))
	mux.Handle("GET /shards", endpoint(s.list))
	mux.Handle("DELETE /shards/{shard}", endpoint(s.kill))
	return mux
}

// endpoint is a handler that may fail.
type endpoint func(ctx context.Context, w http.ResponseWriter, r *http.Request) error

var errNoKey = errors.New("no such key")

func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second) // a shard answers from memory
	defer cancel()
	if err := e(ctx, w, r); err != nil {
		http.Error(w, err.Error(), code(err))
	}
}

func code(err error) int {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, errNoKey), errors.Is(err, supervisor.ErrNotFound):
		return http.StatusNotFound
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, actor.ErrNotFound), errors.Is(err, actor.ErrStopped), // the shard is down
		errors.Is(err, rpc.ErrNoReply),                                                 // it died before it answered
		errors.Is(err, actor.ErrMailboxFull), errors.Is(err, context.DeadlineExceeded), // it has too much to do
		errors.Is(err, supervisor.ErrRestarting):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func (s *store) get(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	key := r.PathValue("key")
	value, err := rpc.Call(ctx, s.of(key), func(to rpc.Reply[[]byte]) message { return get{key, to} })
	if err == nil && value == nil {
		err = fmt.Errorf("%w: %q", errNoKey, key)
	}
	if err == nil {
		_, _ = w.Write(value) // the client may be gone
	}
	return err
}

// put is DELETE too, which has no value.
func (s *store) put(ctx context.Context, w http.ResponseWriter, r *http.Request) (err error) {
	key, value := r.PathValue("key"), []byte(nil)
	if r.Method == http.MethodPut {
		if value, err = io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20)); err != nil {
			return err
		}
	}
	_, err = rpc.Call(ctx, s.of(key), func(to rpc.Reply[bool]) message { return put{record{[]byte(key), value}, to} })
	return err
}

func (s *store) list(ctx context.Context, w http.ResponseWriter, _ *http.Request) error {
	children, err := s.supervisor.WhichChildren(ctx)
	if err != nil {
		return err
	}
	for child := range children {
		_, _ = fmt.Fprintf(w, "%s: %d restarts\n", child.ID, child.Restarts)
	}
	return nil
}

// kill kills a shard, to show that it comes back.
func (s *store) kill(ctx context.Context, _ http.ResponseWriter, r *http.Request) error {
	child, err := s.supervisor.Child(ctx, r.PathValue("shard"))
	if err == nil {
		child.Kill()
	}
	return err
}
