// swift-tools-version: 6.1
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

// A package of its own, so that Headgate itself does not depend on swift-protobuf.
let package = Package(
  name: "generator",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.39.0")
  ],
  targets: [
    .executableTarget(
      name: "generate-proto",
      dependencies: [.product(name: "SwiftProtobufPluginLibrary", package: "swift-protobuf")],
      swiftSettings: strict),
    .testTarget(name: "GenerateProtoTests", dependencies: ["generate-proto"], swiftSettings: strict),
  ]
)
