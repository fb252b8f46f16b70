package markup

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// tableTransformer turns the lines of a paragraph into a table (GitHub Flavored Markdown). goldmark's own
// transformer drops the cells of a row beyond those of the header, and takes every further line of the
// paragraph for a row.
type tableTransformer struct{}

// Transform is called when a paragraph is complete.
func (tableTransformer) Transform(paragraph *ast.Paragraph, reader text.Reader, pc parser.Context) {
	m, source, lines := meterOf(pc), reader.Source(), paragraph.Lines()
	for i := 1; i < lines.Len(); i++ {
		delimiters := valueOf(lines.At(i), source)
		m.spend(triedCost)
		if !mayBeDelimiterRow(delimiters) {
			continue
		}
		m.spend(len(delimiters) + len(valueOf(lines.At(i-1), source)))
		header := splitRow(lines.At(i-1), source)
		alignments := alignmentsOf(delimiters)
		if len(alignments) == 0 || len(alignments) != len(header) || bytes.IndexByte(delimiters, '|') < 0 {
			continue
		}
		end := i + 1
		rows := [][]text.Segment{header}
		for ; end < lines.Len() && bytes.IndexByte(valueOf(lines.At(end), source), '|') >= 0; end++ {
			m.spend(len(valueOf(lines.At(end), source)))
			rows = append(rows, splitRow(lines.At(end), source))
		}
		insertTable(m, paragraph, rows, alignments)
		keepLines(paragraph, source, i-1, end)
		return
	}
}

// keepLines removes the lines [from, to) from a paragraph. Those after them become another paragraph, which
// may contain a table of its own only if a blank line is before it.
func keepLines(paragraph *ast.Paragraph, source []byte, from, to int) {
	lines, parent := paragraph.Lines(), paragraph.Parent()
	table := paragraph.NextSibling()
	if to < lines.Len() {
		rest := ast.NewParagraph()
		rest.SetLines(text.NewSegments())
		rest.Lines().AppendAll(lines.Sliced(to, lines.Len()))
		trimLast(rest, source)
		parent.InsertAfter(parent, table, rest)
	}
	if from == 0 {
		parent.RemoveChild(parent, paragraph)
		return
	}
	lines.SetSliced(0, from)
	trimLast(paragraph, source)
}

func trimLast(paragraph *ast.Paragraph, source []byte) {
	lines := paragraph.Lines()
	last := lines.Len() - 1
	lines.Set(last, trimRight(lines.At(last), source))
}

// insertTable inserts a table after a paragraph. All rows get as many cells as the longest one.
func insertTable(m *meter, paragraph *ast.Paragraph, rows [][]text.Segment, alignments []extast.Alignment) {
	columns := 0
	for _, row := range rows {
		columns = max(columns, len(row))
	}
	for len(alignments) < columns {
		alignments = append(alignments, extast.AlignNone)
	}
	m.spend(blockCost + len(rows)*(rowCost+columns*cellCost))
	table := extast.NewTable()
	table.Alignments = alignments
	table.SetPos(paragraph.Pos())
	for i, cells := range rows {
		row := extast.NewTableRow(alignments)
		row.SetPos(paragraph.Pos())
		for column, alignment := range alignments {
			cell := extast.NewTableCell()
			cell.SetPos(paragraph.Pos())
			cell.Alignment = alignment
			if column < len(cells) && cells[column].Start < cells[column].Stop {
				cell.Lines().Append(cells[column])
			}
			row.AppendChild(row, cell)
		}
		if i == 0 {
			table.AppendChild(table, extast.NewTableHeader(row))
		} else {
			table.AppendChild(table, row)
		}
	}
	paragraph.Parent().InsertAfter(paragraph.Parent(), paragraph, table)
}

// mayBeDelimiterRow reports whether a line consists of the characters of a delimiter row.
func mayBeDelimiterRow(line []byte) bool {
	return bytes.IndexByte(line, '-') >= 0 && len(bytes.Trim(line, " \t\n|:-")) == 0
}

// alignmentsOf returns the alignments in a delimiter row, nil if it is none.
func alignmentsOf(line []byte) []extast.Alignment {
	line = bytes.TrimSpace(line)
	line = bytes.TrimSuffix(bytes.TrimPrefix(line, []byte("|")), []byte("|"))
	var alignments []extast.Alignment
	for column := range bytes.SplitSeq(line, []byte("|")) {
		column = bytes.TrimSpace(column)
		left, right := bytes.HasPrefix(column, []byte(":")), bytes.HasSuffix(column, []byte(":"))
		if dashes := bytes.Trim(column, ":"); len(dashes) == 0 || len(bytes.Trim(dashes, "-")) > 0 || len(column)-len(dashes) > 2 {
			return nil
		}
		switch {
		case left && right:
			alignments = append(alignments, extast.AlignCenter)
		case left:
			alignments = append(alignments, extast.AlignLeft)
		case right:
			alignments = append(alignments, extast.AlignRight)
		default:
			alignments = append(alignments, extast.AlignNone)
		}
	}
	return alignments
}

func valueOf(segment text.Segment, source []byte) []byte { return segment.Value(source) }

func trimBoth(segment text.Segment, source []byte) text.Segment {
	return trimRight(segment.TrimLeftSpace(source), source)
}

// splitRow returns the cells of a row. A bar after a backslash belongs to its cell.
func splitRow(line text.Segment, source []byte) []text.Segment {
	line = trimBoth(line, source)
	at, end := line.Start, line.Stop
	if at < end && source[at] == '|' {
		at++
	}
	if end > at && source[end-1] == '|' && (end-at < 2 || source[end-2] != '\\') {
		end--
	}
	var cells []text.Segment
	for start := at; at <= end; at++ {
		if at == end || source[at] == '|' && (at == start || source[at-1] != '\\') {
			cells = append(cells, trimBoth(text.NewSegment(start, at), source))
			start = at + 1
		}
	}
	return cells
}

// tableCodeRenderer writes code in tables without the backslashes before bars.
type tableCodeRenderer struct{}

// RegisterFuncs registers the renderer before goldmark's own.
func (tableCodeRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindCodeSpan, renderCodeSpan)
}

func renderCodeSpan(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	inTable := false
	for n := node.Parent(); n != nil && !inTable; n = n.Parent() {
		inTable = n.Kind() == extast.KindTableCell
	}
	_, _ = w.WriteString("<code>")
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		code := valueOf(child.(*ast.Text).Segment, source)
		if inTable {
			code = bytes.ReplaceAll(code, []byte(`\|`), []byte("|"))
		}
		_, _ = w.Write(util.EscapeHTML(bytes.ReplaceAll(code, []byte("\n"), []byte(" "))))
	}
	_, _ = w.WriteString("</code>")
	return ast.WalkSkipChildren, nil
}
