package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

// What a shard understands.
type (
	message interface{ isMessage() }
	get     struct {
		key   string
		value rpc.Reply[[]byte] // nil: there is none
	}
	put struct {
		record
		done rpc.Reply[bool]
	}
)

func (get) isMessage() {}
func (put) isMessage() {}

// record is a line of a log, in JSON. A nil Value deletes the key.
type record struct {
	Key   []byte `json:"key"`
	Value []byte `json:"value"`
}

// shard is an actor that has a part of the keys. Its log outlives it, and the
// program, but not the machine: it is not synced. It only grows.
type shard struct {
	log    *os.File
	values map[string][]byte // replaced, never changed: who has asked for one may keep it
}

// PreStart recovers the values. What a crash has left half written at the end of
// the log was never acknowledged: it is cut off.
func (s *shard) PreStart(ctx *actor.Context[message]) error {
	s.values = map[string][]byte{}
	if _, err := s.log.Seek(0, io.SeekStart); err != nil {
		return err
	}
	lines, good := json.NewDecoder(s.log), int64(0)
	var r record
	err := lines.Decode(&r)
	for ; err == nil; err = lines.Decode(&r) {
		s.apply(r)
		r, good = record{}, lines.InputOffset()
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s, behind byte %d: %w", s.log.Name(), good, err)
	}
	if err := s.log.Truncate(good); err != nil {
		return err
	}
	_, err = s.log.Seek(good, io.SeekStart)
	ctx.Logger().Info("shard is up", slog.Int("keys", len(s.values)))
	return err
}

func (s *shard) Handle(_ *actor.Context[message], m message) error {
	switch m := m.(type) {
	case get:
		m.value.Send(s.values[m.key])
	case put:
		line, err := json.Marshal(m.record)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(s.log, "\n%s", line); err != nil {
			return err // ends the shard; the one that asked is told
		}
		s.apply(m.record)
		m.done.Send(true)
	}
	return nil
}

func (s *shard) apply(r record) {
	if r.Value == nil {
		delete(s.values, string(r.Key))
	} else {
		s.values[string(r.Key)] = r.Value
	}
}

// store is the shards, their supervisor and their logs.
type store struct {
	supervisor supervisor.Supervisor
	shards     []actor.Ref[message] // by name: they outlive restarts
	logs       []*os.File
}

// open starts the shards. Close closes their logs, when they have ended.
func open(ctx context.Context, dir string, shards int) (s *store, err error) {
	if shards < 1 {
		return nil, fmt.Errorf("-shards is %d: want at least 1", shards)
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "shard-*.log")); len(found) != 0 && len(found) != shards {
		return nil, fmt.Errorf("-shards is %d, but %s has the logs of %d", shards, dir, len(found))
	}
	s = &store{}
	spec := supervisor.Spec{Intensity: supervisor.Intensity{Max: 10, Per: time.Minute}}
	for i := range shards {
		name := fmt.Sprintf("shard-%d", i)
		log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.logs = append(s.logs, log)
		s.shards = append(s.shards, actor.ByName[message](ctx, name))
		spec.Children = append(spec.Children, supervisor.Child{
			ID: name,
			Start: supervisor.Of(func() *shard { return &shard{log: log} },
				actor.Named(name), actor.Bounded(1000, actor.Refuse)),
		})
	}
	if s.supervisor, err = supervisor.Spawn(ctx, spec); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *store) close() (err error) {
	for _, log := range s.logs {
		err = errors.Join(err, log.Close())
	}
	return err
}

// of returns the shard that has a key.
func (s *store) of(key string) actor.Ref[message] {
	h := fnv.New32a()
	_, _ = io.WriteString(h, key)
	return s.shards[int(h.Sum32()%uint32(len(s.shards)))]
}
