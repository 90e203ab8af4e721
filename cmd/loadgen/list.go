package main

import (
	"fmt"
	"io"
	"strings"
)

// list explains scenarios: those named, or all.
func list(w io.Writer, all []scenario, names []string) error {
	chosen := make([]*scenario, 0, len(all))
	for i := range all {
		if len(names) == 0 {
			chosen = append(chosen, &all[i])
		}
	}
	for _, name := range names {
		s, err := find(all, name)
		if err != nil {
			return usageError{err}
		}
		chosen = append(chosen, s)
	}
	var b strings.Builder
	for _, s := range chosen {
		fmt.Fprintf(&b, "%s\n", s.name)
		for _, line := range wrap(s.work, 74) {
			fmt.Fprintf(&b, "    %s\n", line)
		}
		for i := range s.variants {
			if v := &s.variants[i]; v.name != "" {
				fmt.Fprintf(&b, "    variant %-17s %s\n", v.name, v.explain)
			}
		}
		fmt.Fprintf(&b, "    an op is %s\n", s.op)
		fmt.Fprintf(&b, "    run %-10s %s\n", s.name, sizes(s.full))
		fmt.Fprintf(&b, "    no arguments   %s\n\n", sizes(s.modest))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sizes shows a size by its flags.
func sizes(s size) string {
	var parts []string
	add := func(flag string, v any, there bool) {
		if there {
			parts = append(parts, fmt.Sprintf("--%s %v", flag, v))
		}
	}
	add("actors", s.Actors, s.Actors > 0)
	add("messages", s.Messages, s.Messages > 0 && s.Rate == 0)
	add("producers", s.Producers, s.Producers > 0)
	add("rate", s.Rate, s.Rate > 0)
	add("duration", s.Duration, s.Duration > 0)
	add("bound", s.Bound, s.Bound > 0)
	add("overflow", s.Overflow, s.Overflow != "")
	return strings.Join(parts, " ")
}

// wrap breaks a text between words into lines of at most width letters.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > width:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
