// Package docs keeps the README and the pages in docs/ honest: its tests build
// every Go block in them, compare what whole programs print with what the page
// says, and follow every link. There is no code to import.
package docs
