import Tensors

/// The random anatomy of one phantom case: a body with layers, two organs, lesions, and structures that look like them.
///
/// The body's outer layer and rods are about as bright as the small organ, its second layer and blobs as bright as the
/// large organ; lesions are as bright as the body's inside. What tells the organs apart is shape and surroundings,
/// and none of it changes when an image is mirrored.
struct PhantomAnatomy: Sendable {
    let body: PhantomShape
    let largeOrgan: PhantomShape
    let smallOrgan: PhantomShape
    /// Spots inside the large organ.
    let lesions: [PhantomShape]
    /// Rods in the body, as bright as the small organ.
    let rods: [PhantomShape]
    /// Spots outside the organs, as bright as the large one.
    let blobs: [PhantomShape]
    /// Brightness of the body's inside, its layers from outside, and the organs.
    let tissue: Float
    let outerLayer: Float
    let innerLayer: Float
    let large: Float
    let small: Float
    /// Relative brightness grows along this direction (bias field), and bends along the other.
    let biasSlope: SIMD3<Float>
    let biasBend: SIMD3<Float>
    let texture: [(direction: SIMD3<Float>, phase: Float)]

    /// How deep below the body's surface the outer and the inner layer end.
    static let outerDepth: Float = 0.11
    static let innerDepth: Float = 0.22

    /// - Parameter voxel: size of a voxel in phantom coordinates (the largest of the axes).
    init(voxel: Float, random: inout RandomStream) {
        func around(_ value: Float, _ spread: Float) -> Float { value + random.uniform(-spread..<spread) }
        func vector(_ value: SIMD3<Float>, _ spread: Float) -> SIMD3<Float> {
            SIMD3(around(value[0], spread), around(value[1], spread), around(value[2], spread))
        }
        body = PhantomShape(
            center: vector(SIMD3(), 0.03), radii: vector(SIMD3(repeating: 0.92), 0.04), waveHeight: 0.02,
            random: &random)
        // One swap of sides per case: the organs have no fixed side, only a place relative to each other.
        let side: Float = random.chance(0.5) ? 1 : -1
        largeOrgan = PhantomShape(
            center: body.center + vector(SIMD3(0, 0, -0.27 * side), 0.08),
            radii: SIMD3(0.44, 0.40, 0.31) * vector(SIMD3(repeating: 1), 0.13), tilt: 0.4, waveHeight: 0.06,
            random: &random)
        smallOrgan = PhantomShape(
            center: body.center + vector(SIMD3(0, 0, 0.37 * side), 0.06),
            radii: SIMD3(0.34, 0.36, 0.26) * vector(SIMD3(repeating: 1), 0.13), tilt: 0.3, waveHeight: 0.05,
            random: &random)
        let spots = (0..<2 + random.integer(below: 3)).map { _ in vector(SIMD3(), 0.45) }
        let largeShape = largeOrgan
        lesions = spots.map { local in
            PhantomShape(
                center: largeShape.point(at: local),
                radii: vector(SIMD3(repeating: max(0.1, 1.6 * voxel)), 0.02), random: &random)
        }
        let places = (0..<24).map { _ in vector(SIMD3(), 0.6) }
        let (smallShape, middle) = (smallOrgan, body.center)
        let free = places.map { middle + $0 }.filter {
            largeShape.level(at: $0) > 1.4 && smallShape.level(at: $0) > 1.6
        }
        rods = free.prefix(4).enumerated().map { index, center in
            var radii = SIMD3<Float>(repeating: 0.07)
            radii[index % 3] = 0.3
            return PhantomShape(center: center, radii: radii, tilt: 0.5, waveHeight: 0.03, random: &random)
        }
        blobs = free.dropFirst(4).prefix(5).map { center in
            PhantomShape(center: center, radii: vector(SIMD3(repeating: 0.09), 0.02), random: &random)
        }
        tissue = around(80, 5)
        large = around(150, 6)
        small = around(220, 8)
        outerLayer = small + around(5, 5)
        innerLayer = large + around(5, 5)
        biasSlope = vector(SIMD3(), 0.15)
        biasBend = vector(SIMD3(), 0.1)
        texture = (0..<4).map { _ in (vector(SIMD3(), 2.5), random.uniform(0..<1)) }
    }
}
