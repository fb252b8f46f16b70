package main

import (
	"fmt"
	"strings"

	"github.com/chillin-chat/chillin/internal/settings"
)

// areaTable returns the table of README.md: one row for each area.
func areaTable() string {
	var out strings.Builder
	out.WriteString("| variable | what |\n|---|---|\n")
	for _, area := range settings.Areas() {
		var names []string
		for _, s := range area.Settings {
			names = append(names, s.Variables()...)
		}
		fmt.Fprintf(&out, "| %s | %s |\n", strings.Join(names, ", "), area.Summary)
	}
	return out.String()
}

// settingTables returns the tables of docs/operating.md: one for each area.
func settingTables() string {
	var out strings.Builder
	for i, area := range settings.Areas() {
		if i > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "**%s**\n\n| variable | default | values | changed by | what |\n|---|---|---|---|---|\n", area.Name)
		for _, s := range area.Settings {
			fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", variablesOf(s), code(s.Default), valuesOf(s), changedBy(s), cell(s.Description))
		}
	}
	return out.String()
}

func variablesOf(s settings.Setting) string {
	var names []string
	for _, name := range s.Variables() {
		names = append(names, code(name))
	}
	return strings.Join(names, ", ")
}

// valuesOf describes the values that a setting accepts.
func valuesOf(s settings.Setting) string {
	switch s.Type {
	case settings.Number, settings.Size:
		text := fmt.Sprintf("%d to %d", s.Min, s.Max)
		if s.Unit != "" {
			text += " " + s.Unit
		}
		return text
	case settings.Boolean:
		return code("true") + ", " + code("false")
	case settings.Choice:
		var words []string
		for _, word := range s.Choices {
			words = append(words, code(word))
		}
		return strings.Join(words, ", ")
	}
	return string(s.Type)
}

func changedBy(s settings.Setting) string {
	if s.Admin {
		return "admins, at once"
	}
	return "operator, restart"
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// cell returns text for a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("\n", "<br>", "|", `\|`, "*", `\*`, "<", "&lt;", "~", `\~`).Replace(text)
}
