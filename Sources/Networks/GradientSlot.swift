/// Where a layer leaves the gradient of one of its inputs.
///
/// An activation with several consumers (a skip connection, the input of a residual block) has several gradients at
/// first. Which layer replaces, which adds, and so the order of the sums, follows from the order of the layers alone.
struct GradientSlot {
    /// Which of the activation's gradients.
    let number: Int
    /// It adds to what a consumer behind this layer left there.
    let adds: Bool

    /// Gives all layers their slots, in the order of the backward pass: a layer that can add does so where there is a
    /// gradient, and every other one gets memory of its own.
    static func assign(to layers: [any Layer], image: Activation) {
        var counts: [ObjectIdentifier: Int] = [:]
        for layer in layers.reversed() {
            layer.slots = layer.inputs.map { input in
                guard input !== image else { return nil }
                let count = counts[ObjectIdentifier(input), default: 0]
                if layer.addsGradients, count > 0 { return GradientSlot(number: 0, adds: true) }
                counts[ObjectIdentifier(input)] = count + 1
                return GradientSlot(number: count, adds: false)
            }
        }
    }
}
