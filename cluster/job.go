package cluster

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"time"
	"unsafe"
)

// JobMetadata is what travels beside a message that is a job for a factory of
// ractor. K is the type of the job's key: any type that may be
// a field of a variant (see Enum), but no Ref.
type JobMetadata[K any] struct {
	Submitted time.Time     // between 1970 and 2554
	TTL       time.Duration // 0: for ever
	Key       K
}

// jobHead is the size of what comes before the key.
const jobHead = 16

func keyOf[K any]() (value, error) {
	v, err := valueOf(reflect.TypeFor[K]())
	if err == nil && v.shape == reference {
		err = fmt.Errorf("%v cannot be the key of a job", v.typ)
	}
	return v, err
}

// Append appends the encoding of j to dst.
func (j JobMetadata[K]) Append(dst []byte) ([]byte, error) {
	v, err := keyOf[K]()
	if err != nil {
		return dst, err
	}
	if j.TTL < 0 {
		return dst, fmt.Errorf("cluster: a job's TTL is %v", j.TTL)
	}
	grown := binary.BigEndian.AppendUint64(dst, uint64(j.Submitted.Unix())*uint64(time.Second)+uint64(j.Submitted.Nanosecond()))
	grown = binary.BigEndian.AppendUint64(grown, uint64(j.TTL))
	if grown, err = v.append(grown, unsafe.Pointer(&j.Key), nil); err != nil {
		return dst, fmt.Errorf("cluster: the key of a job: %w", err)
	}
	return grown, nil
}

// DecodeJobMetadata is the inverse of JobMetadata.Append. A TTL that a
// time.Duration does not hold becomes the longest one.
func DecodeJobMetadata[K any](b []byte) (JobMetadata[K], error) {
	var j JobMetadata[K]
	v, err := keyOf[K]()
	if err != nil {
		return j, err
	}
	if len(b) < jobHead {
		return j, fmt.Errorf("cluster: %d bytes are too few for the metadata of a job", len(b))
	}
	at := binary.BigEndian.Uint64(b)
	j.Submitted = time.Unix(int64(at/uint64(time.Second)), int64(at%uint64(time.Second)))
	if j.TTL = time.Duration(binary.BigEndian.Uint64(b[8:])); j.TTL < 0 {
		j.TTL = 1<<63 - 1
	}
	if err := v.decode(b[jobHead:], unsafe.Pointer(&j.Key), nil); err != nil {
		return JobMetadata[K]{}, fmt.Errorf("cluster: the key of a job: %w", err)
	}
	return j, nil
}

// Remaining is how much of its TTL the job has left by this node's clock, and
// whether it has expired. A job from the future has all of it; one without a TTL
// never expires.
func (j JobMetadata[K]) Remaining(now time.Time) (left time.Duration, expired bool) {
	if j.TTL == 0 {
		return 0, false
	}
	age := max(now.Sub(j.Submitted), 0)
	return max(j.TTL-age, 0), age > j.TTL
}
