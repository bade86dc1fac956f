// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that the measurement is built in release without touching the main build. Its targets are links to
// the main package's sources, because `package` declarations cannot be used from another package.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let nio: [Target.Dependency] = [
  .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
  .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
]

let package = Package(
  name: "rpc-benchmark",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .target(name: "CHeadgateProto", dependencies: ["CProtobufC"]),
    .target(
      name: "HeadgateProto", dependencies: ["CHeadgateProto", .product(name: "NIOCore", package: "swift-nio")],
      swiftSettings: strict),
    .target(
      name: "RPC",
      dependencies: nio + [
        "HeadgateProto", .product(name: "NIOTLS", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "Logging", package: "swift-log"), .product(name: "Metrics", package: "swift-metrics"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "RPCBenchmark", dependencies: nio + ["RPC", "HeadgateProto", .product(name: "Logging", package: "swift-log")],
      swiftSettings: strict),
  ]
)
