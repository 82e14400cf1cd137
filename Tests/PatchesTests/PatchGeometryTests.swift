import Patches
import Testing

@Suite struct PatchGeometryTests {
    @Test(
        "The enlarged patch is nnU-Net's",
        arguments: [
            ([128, 128, 128], [205, 205, 205], false), ([80, 192, 160], [194, 289, 210], false),
            ([40, 56, 40], [73, 80, 64], false), ([16, 32, 32], [35, 51, 42], false),
            ([32, 32, 32], [51, 51, 51], false), ([8, 8, 8], [12, 12, 12], false),
            ([20, 320, 256], [20, 376, 376], true), ([4, 64, 64], [4, 75, 75], true),
        ] as [([Int], [Int], Bool)])
    func enlargedPatch(patchSize: [Int], enlarged: [Int], isSliceWise: Bool) {
        let geometry = PatchGeometry(patchSize: patchSize)
        #expect(geometry.enlargedSize == SIMD3(enlarged[0], enlarged[1], enlarged[2]))
        #expect(geometry.isSliceWise == isSliceWise)
        #expect(geometry.rotationLimit == (isSliceWise ? .pi : .pi / 6))
    }
}
