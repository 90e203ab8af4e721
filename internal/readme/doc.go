// Package readme keeps the README honest: its tests build every Go program in it
// and compare what each prints with what the README says. There is no code to
// import.
package readme
