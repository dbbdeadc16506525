import { type ClusterSettings, nodeAddress, podNetwork } from './settings.ts';

/** Users of the API server, by token; one for each component, so that the audit log tells them apart. */
export const users = ['admin', 'kubelet', 'controller-manager', 'scheduler', 'proxy', 'coredns'] as const;
export type User = (typeof users)[number];

export const tokens = users.map((user, i) => `${user},${user},${i + 1},"system:masters"`).join('\n');

export const kubeconfig = ({ run }: ClusterSettings, user: User): string => `apiVersion: v1
kind: Config
clusters:
  - name: test
    cluster: {server: "https://${nodeAddress}:6443", certificate-authority: "${run}/certs/apiserver.crt"}
users: [{name: ${user}, user: {token: ${user}}}]
contexts: [{name: test, context: {cluster: test, user: ${user}}}]
current-context: test
`;

/** Every write and every read of a Secret, without bodies; the components' own bookkeeping is left out. */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    users: [kubelet, scheduler, proxy, coredns, "system:apiserver"]
  - level: Metadata
    verbs: [create, update, patch, delete, deletecollection]
  - level: Metadata
    verbs: [get, list, watch]
    resources: [{group: "", resources: [secrets]}]
  - level: None
`;

export const podNetworkConfiguration = ({ name, run }: ClusterSettings): string =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name: `mailmill-${name}`,
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: `${run}/addresses`,
          ranges: [[{ subnet: podNetwork }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  });

/** `restrict_oom_score_adj`: where a process may not lower its own score, runc fails with an obscure error otherwise. */
export const containerd = ({ run, containerdSocket }: ClusterSettings): string => `version = 3
root = "${run}/containerd/root"
state = "${run}/containerd/state"
[grpc]
  address = "${containerdSocket}"
[plugins.'io.containerd.internal.v1.opt']
  path = "${run}/containerd/opt"
[plugins.'io.containerd.nri.v1.nri']
  disable = true
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "localhost/pause:1"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  disable_apparmor = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = "${run}/cni"
`;

export const kubelet = ({
  run,
  containerdSocket,
}: ClusterSettings): string => `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: "unix://${containerdSocket}"
podLogsDir: ${run}/pods
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
cgroupsPerQOS: false
enforceNodeAllocatable: []
localStorageCapacityIsolation: false
evictionHard: {imagefs.available: "1%", nodefs.available: "1%", nodefs.inodesFree: "1%"}
imageGCHighThresholdPercent: 100
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
clusterDNS: ["${nodeAddress}"]
clusterDomain: cluster.local
resolvConf: ""
syncFrequency: 10s
`;

export const proxy = ({ run }: ClusterSettings): string => `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clusterCIDR: ${podNetwork}
hostnameOverride: node
clientConnection: {kubeconfig: "${run}/proxy.kubeconfig"}
conntrack: {maxPerCore: 0}
`;

export const dns = ({ run }: ClusterSettings): string => `.:53 {
  bind ${nodeAddress}
  errors
  kubernetes cluster.local {
    kubeconfig ${run}/coredns.kubeconfig
  }
}
`;
