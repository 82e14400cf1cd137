import Pictures
import Tensors
import Testing

@Suite struct OverlayTests {
    @Test("The slice with the largest mean share of the labels is drawn, the first on ties") func slices() {
        func slice(_ rows: [[Int32]]) -> Int? {
            Overlay.bestSlice(of: Tensor(shape: [rows.count, 1, rows[0].count], scalars: rows.flatMap(\.self)))
        }
        #expect(slice([[0, 0], [0, 1], [1, 1]]) == 2)
        #expect(slice([[0, 0], [1, 0], [0, 1]]) == 1)
        #expect(slice([[0, 0], [0, 0]]) == 0)
        #expect(slice([[-1, -1], [0, 1]]) == 1)
        // Label 1: 4 of 5 voxels in slice 0; label 2: its only voxel in slice 1. Shares 0.8 + 0 and 0.2 + 1/(1 + 1).
        #expect(slice([[1, 1, 1, 1, 0], [1, 2, 0, 0, 0]]) == 0)
        // Two of three voxels of label 2: 0.6 + 1/4 and 0.4 + 2/4.
        #expect(slice([[1, 1, 1, 2, 0], [1, 1, 2, 2, 0]]) == 1)
    }

    @Test("An image in place of labels is refused, before it takes memory for every value") func imagesAsLabels() {
        let values = (1...Int32(Overlay.mostLabels)).map { $0 }
        #expect(Overlay.bestSlice(of: Tensor(shape: [2, 1, values.count / 2], scalars: values)) == 0)
        #expect(Overlay.bestSlice(of: Tensor(shape: [1, 1, values.count + 1], scalars: values + [70_000])) == nil)
    }

    @Test("Colors are added to gray, and the brightest number becomes 255") func blending() {
        // Gray 0, 127.5, 255; label 1 (67, 99, 216) at half intensity on the second pixel; the largest is 255.
        let picture = Overlay.picture(
            image: [2, 3, 4] as [Float], labels: [0, 1, 0] as [Int32], height: 1, width: 3, intensity: 0.5)
        #expect(picture.pixels == [0, 0, 0, 161, 177, 235, 255, 255, 255])
        // On the third pixel it exceeds 255: 288.5, 304.5, 363 are scaled by 255/363.
        let bright = Overlay.picture(
            image: [2, 3, 4] as [Float], labels: [0, 0, 1] as [Int32], height: 3, width: 1, intensity: 0.5)
        #expect(bright.pixels == [0, 0, 0, 89, 89, 89, 202, 213, 255])
    }

    @Test("An image of one value is black, and labels repeat the colors") func corners() {
        let black = Overlay.picture(
            image: [7, 7] as [Float], labels: [0, 0] as [Int32], height: 1, width: 2, intensity: 0.6)
        #expect(black.pixels == [0, 0, 0, 0, 0, 0])
        let labels = Overlay.picture(
            image: [7, 7] as [Float], labels: [1, 15] as [Int32], height: 1, width: 2, intensity: 1)
        #expect(labels.pixels == [79, 116, 255, 79, 116, 255])
        let odd = Overlay.picture(
            image: [.nan, 1, 3, .infinity] as [Float], labels: [0, 0, 0, 0] as [Int32], height: 2, width: 2,
            intensity: 0)
        #expect(odd.pixels == [0, 0, 0, 0, 0, 0, 255, 255, 255, 0, 0, 0])
    }
}
