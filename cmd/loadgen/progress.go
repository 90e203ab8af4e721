package main

import (
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far the trials are: a bar on a terminal, a line for each
// result elsewhere. It writes between trials only, so that it costs nothing
// while something is measured.
type progress struct {
	w     io.Writer
	bar   *progressbar.ProgressBar // nil elsewhere
	begun bool
}

func newProgress(w io.Writer, steps int) *progress {
	p := &progress{w: w}
	if isTerminal(w) {
		p.bar = progressbar.NewOptions(steps,
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetWidth(30),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionShowDescriptionAtLineEnd(),
			progressbar.OptionClearOnFinish(),
		)
	}
	return p
}

// step begins one trial, which ends the one before.
func (p *progress) step(what string) {
	if p.bar == nil {
		return
	}
	p.bar.Describe(what)
	if p.begun {
		_ = p.bar.Add(1)
	} else {
		_ = p.bar.RenderBlank()
	}
	p.begun = true
}

// line prints a line of its own.
func (p *progress) line(text string) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	_, _ = fmt.Fprintln(p.w, text)
}

// result says how a variant did, where no bar shows that it is over.
func (p *progress) result(r row) {
	if p.bar == nil {
		p.line(summary(r))
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
		_ = p.bar.Clear()
	}
}

// isTerminal says whether somebody is likely to look at w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
