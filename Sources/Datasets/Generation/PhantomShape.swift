import Tensors

/// A rotated ellipsoid with a wavy surface.
///
/// - Units: the coordinates of a phantom, −1 … 1 along every axis of the volume.
struct PhantomShape: Sendable {
    let center: SIMD3<Float>
    let radii: SIMD3<Float>
    /// Rows of a rotation matrix.
    private let axes: (SIMD3<Float>, SIMD3<Float>, SIMD3<Float>)
    /// Direction and phase of the surface's waves, and their height as a share of the radius.
    private let waves: [(direction: SIMD3<Float>, phase: Float)]
    private let waveHeight: Float

    /// - Parameters:
    ///   - tilt: largest rotation about each axis, radians.
    ///   - waveHeight: 0 gives a smooth ellipsoid.
    init(
        center: SIMD3<Float>, radii: SIMD3<Float>, tilt: Float = 0, waveHeight: Float = 0,
        random: inout RandomStream
    ) {
        self.center = center
        self.radii = radii
        self.waveHeight = waveHeight
        var rows = [SIMD3<Float>(1, 0, 0), SIMD3<Float>(0, 1, 0), SIMD3<Float>(0, 0, 1)]
        for axis in 0..<3 {
            // A small rotation by its tangent, so that only the four basic operations are needed: same bits anywhere.
            let slope = tilt > 0 ? random.uniform(-tilt..<tilt) : 0
            let cosine = 1 / (1 + slope * slope).squareRoot()
            let (first, second) = ((axis + 1) % 3, (axis + 2) % 3)
            let (a, b) = (rows[first], rows[second])
            rows[first] = (a + b * slope) * cosine
            rows[second] = (b - a * slope) * cosine
        }
        axes = (rows[0], rows[1], rows[2])
        waves = (0..<3).map { _ in
            let direction = SIMD3(random.uniform(-1..<1), random.uniform(-1..<1), random.uniform(-1..<1))
            return (direction, random.uniform(0..<1))
        }
    }

    /// 1 on the surface, smaller inside, growing linearly outwards: the distance from the center in radii.
    func level(at point: SIMD3<Float>) -> Float {
        let offset = point - center
        let local = SIMD3((offset * axes.0).sum(), (offset * axes.1).sum(), (offset * axes.2).sum()) / radii
        let distance = (local * local).sum().squareRoot()
        guard waveHeight > 0 else { return distance }
        var wave: Float = 0
        for (direction, phase) in waves { wave += PhantomWave.height(at: (local * direction).sum() * 0.8 + phase) }
        return distance / (1 + waveHeight * wave)
    }

    /// How far a point lies inside, in units of the smallest radius; negative outside.
    func depth(at point: SIMD3<Float>) -> Float { (1 - level(at: point)) * radii.min() }

    /// A point at a share of the radii away from the center, in the shape's own axes.
    func point(at local: SIMD3<Float>) -> SIMD3<Float> {
        let scaled = local * radii
        return center + axes.0 * scaled[0] + axes.1 * scaled[1] + axes.2 * scaled[2]
    }
}

/// A smooth wave made of parabolas: like a sine of period 1, but with the same bits on every machine.
enum PhantomWave {
    /// −1 … 1.
    static func height(at position: Float) -> Float {
        let phase = position - position.rounded(.down)
        let half = phase < 0.5 ? phase * 2 : phase * 2 - 1
        let bump = 4 * half * (1 - half)
        return phase < 0.5 ? bump : -bump
    }
}
