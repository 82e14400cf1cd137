import Networks
import Testing

@Suite struct ParameterLayoutTests {
    @Test func theFixtureIsThere() {
        #expect(
            NetworkFixture.all.map(\.testDescription) == [
                "Hippocampus", "Lung", "anisotropic, uneven", "Lung, ResEnc M", "residual, strides of one, no bias",
                "no bias",
            ])
    }

    @Test("names, shapes and order are those of PyTorch's network.parameters()", arguments: NetworkFixture.all)
    func agreesWithPyTorch(network: NetworkFixture) {
        let (layout, expected) = (network.architecture.parameterLayout, network.parameters)
        #expect(layout.entries.map(\.name) == expected.map(\.name))
        #expect(layout.entries.map(\.shape) == expected.map(\.shape))
        #expect(layout.scalarCount == network.scalarCount)
    }

    @Test("entries fill the buffer without gaps, and are found by name", arguments: NetworkFixture.all)
    func fillsTheBuffer(network: NetworkFixture) {
        let layout = network.architecture.parameterLayout
        var end = 0
        for entry in layout.entries {
            #expect(entry.offset == end && entry.count == entry.shape.reduce(1, *))
            #expect(layout[entry.name] == entry)
            end = entry.range.upperBound
        }
        #expect(end == layout.scalarCount)
        #expect(layout["decoder.encoder.stages.0.0.convs.0.conv.weight"] == nil, "an alias has a place of its own")
    }

    @Test(
        "the plans of the papers: tensors and scalars",
        arguments: [(0, 68, 5_603_177), (1, 108, 30_785_994), (3, 264, 101_940_170)])
    func countsOfThePlans(index: Int, tensorCount: Int, scalarCount: Int) throws {
        let layout = try #require(NetworkFixture.all.dropFirst(index).first).architecture.parameterLayout
        #expect(layout.entries.count == tensorCount)
        #expect(layout.scalarCount == scalarCount)
    }

    @Test func examplesOfResidualLung() throws {
        let layout = try #require(NetworkFixture.all.dropFirst(3).first).architecture.parameterLayout
        #expect(layout["encoder.stem.convs.0.conv.weight"]?.shape == [32, 1, 3, 3, 3])
        // A projection stands behind the pooling, has no bias, and is there only where the channels change.
        #expect(layout["encoder.stages.3.blocks.0.skip.1.conv.weight"]?.shape == [256, 128, 1, 1, 1])
        #expect(layout["encoder.stages.3.blocks.0.skip.1.norm.bias"]?.shape == [256])
        #expect(layout["encoder.stages.3.blocks.0.skip.1.conv.bias"] == nil)
        #expect(layout["encoder.stages.0.blocks.0.skip.0.conv.weight"] == nil)
        #expect(!layout.entries.contains { $0.name.hasPrefix("encoder.stages.5.blocks.0.skip") })
        #expect(layout["encoder.stages.5.blocks.5.conv2.norm.weight"]?.role == .lastNormScale)
    }

    @Test func examplesOfLung() throws {
        let layout = try #require(NetworkFixture.all.dropFirst().first).architecture.parameterLayout
        #expect(layout["encoder.stages.0.0.convs.0.conv.weight"]?.shape == [32, 1, 3, 3, 3])
        #expect(layout["encoder.stages.5.0.convs.0.conv.weight"]?.shape == [320, 320, 3, 3, 3])
        #expect(layout["decoder.transpconvs.0.weight"]?.shape == [320, 320, 1, 2, 2])
        #expect(layout["decoder.stages.0.convs.0.conv.weight"]?.shape == [320, 640, 3, 3, 3])
        #expect(layout["decoder.transpconvs.4.weight"]?.shape == [64, 32, 2, 2, 2])
        #expect(layout["decoder.seg_layers.4.weight"]?.shape == [2, 32, 1, 1, 1])
    }
}
