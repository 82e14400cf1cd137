import Documents
import Tensors
import Testing
import Volumes

@Suite struct MorphologyTests {
    @Test("components are SciPy's, numbers included") func components() throws {
        for (index, entry) in try Fixture("morphology.json").entries("components").enumerated() {
            let mask = Formulas.mask(
                try entry.integers("shape"), share: try entry.number("share"), seed: try entry.integer("seed"))
            let found = ConnectedComponents(
                of: mask, connectivity: try #require(Connectivity(rawValue: entry.integer("connectivity"))))
            #expect(try found.sizes.count == entry.integer("count"), "entry \(index)")
            #expect(try found.sizes.max() ?? 0 == entry.integer("largest"), "entry \(index)")
            #expect(try SHA256.digest(of: found.labels.scalars) == entry.string("sha256"), "entry \(index)")
        }
    }

    @Test("holes are filled as SciPy fills them") func holes() throws {
        for (index, entry) in try Fixture("morphology.json").entries("holes").enumerated() {
            var mask = Formulas.mask(
                try entry.integers("shape"), share: try entry.number("share"), seed: try entry.integer("seed"))
            ConnectedComponents.fillHoles(in: &mask)
            #expect(try mask.scalars.count { $0 } == entry.integer("count"), "entry \(index)")
            #expect(
                try SHA256.digest(of: mask.scalars.map { $0 ? UInt8(1) : 0 }) == entry.string("sha256"),
                "entry \(index)")
        }
    }

    @Test("distances are SciPy's") func distances() throws {
        for (index, entry) in try Fixture("morphology.json").entries("distances").enumerated() {
            let mask = Formulas.mask(
                try entry.integers("shape"), share: try entry.number("share"), seed: try entry.integer("seed"))
            let result = DistanceTransform.distances(inside: mask, spacing: try entry.numbers("spacing"))
            // Squares are rounded to float after every axis.
            try expectSummary(result.scalars, entry, tolerance: 2e-7, "entry \(index)")
        }
    }

    @Test("distances of a mask without an end are infinite, those of an empty one zero") func distanceEnds() {
        let full = DistanceTransform.distances(inside: Tensor(shape: [2, 3, 4], repeating: true), spacing: [1, 1, 1])
        #expect(full.scalars.allSatisfy { $0 == .infinity })
        let empty = DistanceTransform.distances(
            inside: Tensor(shape: [2, 3, 4], repeating: false), spacing: [1, 1, 1])
        #expect(empty.scalars.allSatisfy { $0 == 0 })
    }

    @Test("volumes are cropped as nnU-Net crops them") func crops() throws {
        for (index, entry) in try Fixture("morphology.json").entries("crops").enumerated() {
            let shape = try entry.integers("shape")
            var image = Formulas.noise(shape, seed: 300 + index)
            let middle = shape[1] / 2
            for c in 0..<shape[0] {
                for d in 0..<shape[1] {
                    for h in 0..<shape[2] {
                        for w in 0..<shape[3] {
                            if d < 2 || h >= shape[2] - 3 || w == 0 || image[c, d, h, w] < 0.7 { image[c, d, h, w] = 0 }
                            if d == middle, 3..<6 ~= h, 3..<6 ~= w { image[c, d, h, w] = h == 4 && w == 4 ? 0 : 1 }
                        }
                    }
                }
            }
            let labelShape = Array(shape[1...])
            let labels = Formulas.noise(labelShape, seed: 400 + index).scalars.map { Int16($0 * 3) }
            let crop = NonZeroCrop(of: image, labels: Tensor(shape: labelShape, scalars: labels))
            let box = BoundingBox(lower: try entry.integers("lower"), upper: try entry.integers("upper"))
            #expect(crop.box == box, "entry \(index)")
            #expect(try SHA256.digest(of: crop.image.scalars) == entry.string("image"), "entry \(index)")
            #expect(try SHA256.digest(of: crop.labels.scalars) == entry.string("labels"), "entry \(index)")
            let without = NonZeroCrop(of: image, labels: nil)
            #expect(try SHA256.digest(of: without.labels.scalars) == entry.string("withoutLabels"), "entry \(index)")
        }
    }

    @Test("a hole inside the mask keeps its voxels, a volume of zeros is kept whole") func cropByHand() {
        // A ring of ones around a zero, in the middle slice; closed above and below.
        var image = Tensor<Float>(shape: [1, 5, 5, 5], repeating: 0)
        for d in 1...3 { for h in 1...3 { for w in 1...3 { image[0, d, h, w] = d == 2 && h == 2 && w == 2 ? 0 : 1 } } }
        let crop = NonZeroCrop(of: image, labels: nil)
        #expect(crop.box == BoundingBox(lower: [1, 1, 1], upper: [4, 4, 4]))
        #expect(crop.labels.scalars.allSatisfy { $0 == 0 })
        let empty = NonZeroCrop(of: Tensor(shape: [1, 2, 3, 4], repeating: 0), labels: nil)
        #expect(empty.box == BoundingBox(shape: [2, 3, 4]) && empty.labels.scalars.allSatisfy { $0 == -1 })
    }

    @Test("the largest component stays, equals stay together") func keepLargest() {
        var labels = Tensor<Int16>(shape: [1, 3, 6], scalars: [1, 1, 0, 2, 0, 3, 0, 0, 1, 0, 0, 3, 1, 0, 0, 0, 0, 3])
        #expect(ConnectedComponents.keepLargest(in: &labels, of: [1, 2]) == 1)
        #expect(labels.scalars == [1, 1, 0, 2, 0, 3, 0, 0, 1, 0, 0, 3, 0, 0, 0, 0, 0, 3])
        var equal = Tensor<UInt8>(shape: [1, 1, 7], scalars: [1, 1, 0, 1, 1, 0, 1])
        #expect(ConnectedComponents.keepLargest(in: &equal, of: [1]) == 1)
        #expect(equal.scalars == [1, 1, 0, 1, 1, 0, 0])
    }

    @Test("a box is cut out and put back") func cropAndInsert() {
        let volume = Formulas.noise([2, 4, 5, 6])
        let box = BoundingBox(lower: [1, 0, 2], upper: [3, 5, 5])
        let part = volume.cropped(to: box)
        #expect(part.shape == [2, 2, 5, 3] && part[1, 1, 4, 2] == volume[1, 2, 4, 4])
        var target = Tensor<Float>(shape: [2, 4, 5, 6], repeating: -1)
        target.insert(part, at: box)
        #expect(target[1, 2, 4, 4] == volume[1, 2, 4, 4] && target[0, 0, 0, 0] == -1 && target.cropped(to: box) == part)
    }
}
