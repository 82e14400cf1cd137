import Datasets
import Documents
import Networks
import Prediction
import Testing

@Suite struct PlannedNetworkTests {
    /// A change in the plans of ``TinyModel``, as JSON, and what is said about it.
    struct Change: Sendable {
        let old: String
        let new: String
        let reason: String

        init(_ old: String, _ new: String, _ reason: String) { (self.old, self.new, self.reason) = (old, new, reason) }
    }

    static let changes = [
        Change(
            "unet.PlainConvUNet", "primus.PrimusM",
            "its network is dynamic_network_architectures.architectures.primus.PrimusM, but must be PlainConvUNet or "
                + "ResidualEncoderUNet"),
        Change(
            "\"batch_size\": 2", "\"batch_size\": 2, \"previous_stage\": \"3d_lowres\"",
            "it needs the predictions of 3d_lowres as input; training and predicting cascades comes later"),
        Change(
            "\"batch_size\": 2", "\"batch_size\": 2, \"next_stage\": \"3d_cascade_fullres\"",
            "it is the low-resolution stage in front of 3d_cascade_fullres; training and predicting cascades comes later"
        ),
        Change(
            "conv.Conv3d", "conv.Conv2d", "conv_op is \"torch.nn.modules.conv.Conv2d\", but must be Conv3d"),
        Change(
            "torch.nn.modules.instancenorm.InstanceNorm3d", "torch.nn.BatchNorm3d",
            "norm_op is \"torch.nn.BatchNorm3d\", but must be InstanceNorm3d"),
        Change(
            "\"torch.nn.modules.instancenorm.InstanceNorm3d\"", "null", "norm_op is null, but must be InstanceNorm3d"),
        Change("\"norm_op\"", "\"other\"", "norm_op is missing, but must be InstanceNorm3d"),
        Change("\"affine\": true", "\"affine\": false", "affine in norm_op_kwargs is false, but must be true"),
        Change("\"affine\": true", "\"other\": 1", "affine in norm_op_kwargs is missing, but must be true"),
        Change(
            "\"affine\": true", "\"affine\": true, \"track_running_stats\": true",
            "track_running_stats in norm_op_kwargs is true, but must be false"),
        Change(
            "\"dropout_op\": null", "\"dropout_op\": \"torch.nn.Dropout3d\"",
            "dropout_op is \"torch.nn.Dropout3d\", but must be null"),
        Change("torch.nn.LeakyReLU", "torch.nn.ReLU", "nonlin is \"torch.nn.ReLU\", but must be LeakyReLU"),
        Change(
            "\"inplace\": true", "\"negative_slope\": 0.2", "negative_slope in nonlin_kwargs is 0.2, but must be 0.01"),
        Change(
            "\"conv_bias\": true", "\"conv_bias\": true, \"nonlin_first\": true",
            "nonlin_first is true, but must be false"),
        Change(
            "\"conv_bias\": true", "\"conv_bias\": true, \"block\": \"building_blocks.residual.BottleneckD\"",
            "block is \"building_blocks.residual.BottleneckD\", but must be BasicBlockD"),
        Change(
            "\"conv_bias\": true", "\"conv_bias\": true, \"bottleneck_channels\": 16",
            "bottleneck_channels is 16, but must be null"),
        Change(
            "\"conv_bias\": true", "\"conv_bias\": true, \"stem_channels\": 16",
            "stem_channels is 16, but must be null or the features of the first level"),
        Change(
            "[[1, 1, 1], [2, 2, 2]]", "[[1, 2, 1], [2, 2, 2]]",
            "the stride of its first level is [1, 2, 1], but must be 1 along every axis"),
        Change(
            "[[1, 1, 1], [2, 2, 2]]", "[[1, 1, 1], [2, 3, 2]]",
            "the stride of its level 2 is [2, 3, 2], but must be 1 or 2 along every axis"),
        Change(
            "[4, 6, 8]", "[4, 7, 8]",
            "its patch is [4, 7, 8], but must be divisible by the product of its strides, [2, 2, 2]"),
    ]

    private func architecture(of plans: String) throws -> UNetArchitecture {
        let configuration = try Plans(json: JSONValue(parsing: plans), path: "x/plans.json")
            .configuration(named: "3d_fullres")
        return try UNetArchitecture(configuration: configuration, inputChannelCount: 1, headCount: 2)
    }

    /// The plans of ``TinyModel`` as they were before there was an architecture block.
    private func oldPlans(network: String, encoderCounts: [Int]) throws -> String {
        let plans = TinyModel().plansJSON.text()
        let block = try #require(plans.firstRange(of: "\"architecture\": "))
        return plans[..<block.lowerBound]
            + """
            "UNet_class_name": "\(network)", "UNet_base_num_features": 4, "unet_max_num_features": 8,
            "n_conv_per_stage_encoder": \(encoderCounts), "n_conv_per_stage_decoder": [1],
            "pool_op_kernel_sizes": [[1, 1, 1], [2, 2, 2]], "conv_kernel_sizes": [[3, 3, 3], [3, 3, 3]]}}}
            """
    }

    @Test("What the network here does not do is refused by name", arguments: changes)
    func refused(change: Change) throws {
        let plans = TinyModel().plansJSON.text()
        #expect(plans.contains(change.old))
        let changed = plans.replacing(change.old, with: change.new, maxReplacements: 1)
        let error = #expect(throws: PredictionError.self) { try architecture(of: changed) }
        #expect(
            try #require(error).description
                == "the configuration 3d_fullres of x/plans.json cannot be used here: \(change.reason); use another "
                + "configuration, or plans that pgps plan-and-preprocess makes")
    }

    @Test("A single resolution level is refused") func oneLevel() throws {
        let plans = TinyModel().plansJSON.text()
            .replacing("[[1, 1, 1], [2, 2, 2]]", with: "[[1, 1, 1]]")
            .replacing("[[3, 3, 3], [3, 3, 3]]", with: "[[3, 3, 3]]")
            .replacing("[4, 8]", with: "[4]")
            .replacing("\"n_conv_per_stage\": [1, 1]", with: "\"n_conv_per_stage\": [1]")
            .replacing("\"n_conv_per_stage_decoder\": [1]", with: "\"n_conv_per_stage_decoder\": []")
        let error = #expect(throws: PredictionError.self) { try architecture(of: plans) }
        #expect(try #require(error).description.contains("it has 1 resolution level, but must have 2 or more"))
    }

    @Test("An even kernel is refused where the plans are read") func evenKernel() throws {
        let plans = TinyModel().plansJSON.text().replacing("[[3, 3, 3], [3, 3, 3]]", with: "[[3, 3, 3], [3, 2, 3]]")
        let error = #expect(throws: DatasetError.self) { try architecture(of: plans) }
        let text = try #require(error).description
        #expect(text.contains("x/plans.json: configuration \"3d_fullres\": \"kernel_sizes\" is [[3, 3, 3], [3, 2, 3]]"))
        #expect(text.contains("it must be 2 lists of 3 odd integers"))
    }

    @Test("A slope of 0.01 and plans without an architecture block are the usual network") func accepted() throws {
        let plans = TinyModel().plansJSON.text().replacing("\"inplace\": true", with: "\"negative_slope\": 0.01")
        #expect(try architecture(of: plans).leak == 0.01)
        let old = try oldPlans(network: "PlainConvUNet", encoderCounts: [1, 1])
        #expect(try architecture(of: old) == architecture(of: plans))
    }

    @Test(
        "A residual encoder, under its new name and its old one",
        arguments: ["unet.ResidualEncoderUNet", "residual_unet.ResidualEncoderUNet"])
    func residual(name: String) throws {
        let plans = TinyModel().plansJSON.text()
        let changed = plans.replacing("unet.PlainConvUNet", with: name)
            .replacing("\"n_conv_per_stage\": [1, 1]", with: "\"n_blocks_per_stage\": [1, 3]")
            .replacing("\"conv_bias\": true", with: "\"conv_bias\": true, \"stem_channels\": 4, \"block\": null")
        let (plain, residual) = (try architecture(of: plans), try architecture(of: changed))
        var expected = plain
        expected.encoder = .residual
        expected.encoderConvolutionCounts = [1, 3]
        #expect(residual == expected)
        #expect(residual.parameterLayout["encoder.stages.1.blocks.2.conv2.norm.weight"]?.shape == [8])
    }

    @Test("Convolutions without a bias, said or by nnU-Net's default") func noBias() throws {
        let plans = TinyModel().plansJSON.text()
        #expect(try architecture(of: plans).hasConvolutionBias)
        for bias in ["\"conv_bias\": false", "\"other\": true"] {
            let network = try architecture(of: plans.replacing("\"conv_bias\": true", with: bias))
            #expect(!network.hasConvolutionBias)
            #expect(network.parameterLayout["decoder.transpconvs.0.bias"] == nil)
            #expect(network.parameterLayout["decoder.seg_layers.0.bias"]?.shape == [2])
        }
    }

    @Test("Plans without an architecture block name the residual encoder by its class") func oldResidual() throws {
        let network = try architecture(of: oldPlans(network: "ResidualEncoderUNet", encoderCounts: [1, 3]))
        #expect(network.encoder == .residual && network.encoderConvolutionCounts == [1, 3])
    }
}
