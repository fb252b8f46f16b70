package picture

import (
	"image"

	"golang.org/x/image/draw"
)

// scale returns part of source as a picture of the given size. The scaler takes 32 bytes for each
// column of the target and row of the source, and visits each pixel several times. Therefore large
// pictures are shrunk first.
func scale(source image.Image, part image.Rectangle, size image.Point) *image.RGBA {
	scaled := image.NewRGBA(image.Rectangle{Max: size})
	if by := image.Pt(part.Dx()/size.X, part.Dy()/size.Y); by.X > 1 || by.Y > 1 {
		by.X, by.Y = max(by.X, 1), max(by.Y, 1)
		source = shrink(source, part, by)
		part = source.Bounds()
	}
	draw.CatmullRom.Scale(scaled, scaled.Bounds(), source, part, draw.Src, nil)
	return scaled
}

// shrink averages by.X × by.Y pixels into one. Incomplete rows and columns at the end are dropped.
func shrink(source image.Image, part image.Rectangle, by image.Point) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, part.Dx()/by.X, part.Dy()/by.Y))
	row := image.NewRGBA(image.Rect(0, 0, out.Rect.Dx()*by.X, 1))
	sums := make([]uint64, 4*out.Rect.Dx())
	for y := range out.Rect.Dy() {
		clear(sums)
		for i := range by.Y {
			draw.Draw(row, row.Rect, source, part.Min.Add(image.Pt(0, y*by.Y+i)), draw.Src)
			addColumns(sums, row.Pix, by.X)
		}
		line := out.Pix[y*out.Stride:]
		for i, sum := range sums {
			line[i] = uint8((sum + uint64(by.X*by.Y)/2) / uint64(by.X*by.Y))
		}
	}
	return out
}

// addColumns adds each run of by pixels to one pixel of sums.
func addColumns(sums []uint64, pix []uint8, by int) {
	for x := 0; x < len(sums); x += 4 {
		for range by {
			sums[x] += uint64(pix[0])
			sums[x+1] += uint64(pix[1])
			sums[x+2] += uint64(pix[2])
			sums[x+3] += uint64(pix[3])
			pix = pix[4:]
		}
	}
}
