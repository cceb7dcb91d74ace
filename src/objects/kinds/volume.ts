// biome-ignore-all format: the columns are aligned by hand

import { LabelSelector, ObjectMeta } from '../meta.ts'
import { dnsLabel } from '../rules.ts'
import {
  bool, check, explicit, fill, inline, int32, int64, is, list, map, object, oneOf, or, quantity, required, string,
} from '../schema.ts'
import {
  AWSElasticBlockStoreVolumeSource, AzureDiskVolumeSource, AzureFileVolumeSource, CephFSVolumeSource,
  CinderVolumeSource, FCVolumeSource, FlexVolumeSource, FlockerVolumeSource, GCEPersistentDiskVolumeSource,
  GitRepoVolumeSource, GlusterfsVolumeSource, ISCSIVolumeSource, PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource, QuobyteVolumeSource, RBDVolumeSource, ScaleIOVolumeSource, StorageOSVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from './diskvolume.ts'
import { volumeDefaults } from './poddefaults.ts'
import {
  KeyToPath, LocalObjectReference, ObjectFieldSelector, ResourceFieldSelector, TypedLocalObjectReference,
  TypedObjectReference, VolumeResourceRequirements,
} from './references.ts'
import { exactlyOneSource, fieldPathRules, filesAreInside, hostPathRules, resourceFieldRules } from './sourcerules.ts'

const HostPathType = oneOf(
  '', 'DirectoryOrCreate', 'Directory', 'FileOrCreate', 'File', 'Socket', 'CharDevice', 'BlockDevice',
)

const HostPathVolumeSource = object('HostPathVolumeSource', 'A path of the node.', {
  path: [1, string, 'The path.',                       required],
  type: [2, HostPathType, 'What must be there, or is made.', explicit, or('')],
}, check(hostPathRules))

const EmptyDirVolumeSource = object('EmptyDirVolumeSource', 'A directory that lives as long as the pod.', {
  medium:    [1, string,   "Empty for the node's disk, Memory for memory."],
  sizeLimit: [2, quantity, 'The most it may hold.'],
  mode:      [3, int32,    'Its permission bits.', explicit],
})

const SecretVolumeSource = object('SecretVolumeSource', 'The keys of a Secret as files.', {
  secretName:  [1, string,          'The Secret.'],
  items:       [2, list(KeyToPath), 'The keys to show; all when empty.'],
  defaultMode: [3, int32,           "The files' permission bits.",        explicit, or(420)],
  optional:    [4, bool,            'Whether the Secret may be missing.', explicit],
  defaultUser: [5, int64,           'The user who owns the files.',       explicit],
}, check(filesAreInside))

const NFSVolumeSource = object('NFSVolumeSource', 'An NFS export.', {
  server:   [1, string, 'The server.',        required],
  path:     [2, string, "The export's path.", required],
  readOnly: [3, bool,   'Whether it may only be read.'],
})

const PersistentVolumeClaimVolumeSource = object('PersistentVolumeClaimVolumeSource',
  'A claim of the same namespace.', {
  claimName: [1, string, 'The claim.', required],
  readOnly:  [2, bool,   'Whether it may only be read.'],
})

const DownwardAPIVolumeFile = object('DownwardAPIVolumeFile', 'A fact about the pod as a file.', {
  path:             [1, string,                'The relative path of the file.', required],
  fieldRef:         [2, ObjectFieldSelector,   'A field of the pod.'],
  resourceFieldRef: [3, ResourceFieldSelector, 'A resource of a container.'],
  mode:             [4, int32,                 "The file's permission bits.",    explicit],
  user:             [5, int64,                 'The user who owns the file.',    explicit],
}, check(filesAreInside), check(fieldPathRules(true)), check(resourceFieldRules(true)))

const DownwardAPIVolumeSource = object('DownwardAPIVolumeSource', 'Facts about the pod as files.', {
  items:       [1, list(DownwardAPIVolumeFile), 'The files.'],
  defaultMode: [2, int32,                       "The files' permission bits.",  explicit, or(420)],
  defaultUser: [3, int64,                       'The user who owns the files.', explicit],
})

const ConfigMapVolumeSource = object('ConfigMapVolumeSource', 'The keys of a ConfigMap as files.', {
  localObjectReference: [1, LocalObjectReference, 'The ConfigMap.',                        inline],
  items:                [2, list(KeyToPath),      'The keys to show; all when empty.'],
  defaultMode:          [3, int32,                "The files' permission bits.",           explicit, or(420)],
  optional:             [4, bool,                 'Whether the ConfigMap may be missing.', explicit],
  defaultUser:          [5, int64,                'The user who owns the files.',          explicit],
}, check(filesAreInside))

const SecretProjection = object('SecretProjection', 'Keys of a Secret as files.', {
  localObjectReference: [1, LocalObjectReference, 'The Secret.',                            inline],
  items:                [2, list(KeyToPath),      'The keys to show; all when empty.'],
  optional:             [4, bool,                 'Whether Secret or keys may be missing.', explicit],
}, check(filesAreInside))

const DownwardAPIProjection = object('DownwardAPIProjection', 'Facts about the pod as files.', {
  items: [1, list(DownwardAPIVolumeFile), 'The files.'],
})

const ConfigMapProjection = object('ConfigMapProjection', 'Keys of a ConfigMap as files.', {
  localObjectReference: [1, LocalObjectReference, 'The ConfigMap.',                            inline],
  items:                [2, list(KeyToPath),      'The keys to show; all when empty.'],
  optional:             [4, bool,                 'Whether ConfigMap or keys may be missing.', explicit],
}, check(filesAreInside))

const ServiceAccountTokenProjection = object('ServiceAccountTokenProjection',
  "A token of the pod's service account as a file.", {
  audience:          [1, string, 'Whom the token is for; the API itself when empty.'],
  expirationSeconds: [2, int64,  'How long it is valid; it is renewed before.', explicit, or(3600)],
  path:              [3, string, 'The relative path of the file.',              required],
  user:              [4, int64,  'The user who owns the file.',                 explicit],
})

const ClusterTrustBundleProjection = object('ClusterTrustBundleProjection', 'Certificates to trust as a file.', {
  name:          [1, string,        'One bundle, by name.',           explicit],
  signerName:    [2, string,        'All bundles of a signer.',       explicit],
  labelSelector: [3, LabelSelector, "Those of the signer's that match."],
  optional:      [5, bool,          'Whether they may be missing.',   explicit],
  path:          [4, string,        'The relative path of the file.', required],
  user:          [6, int64,         'The user who owns the file.',    explicit],
})

const PodCertificateProjection = object('PodCertificateProjection',
  'A key and a certificate for the pod as files.', {
  signerName:           [1, string,      'Who signs.'],
  keyType:              [2, string,      'The type of the key.'],
  maxExpirationSeconds: [3, int32,       'The longest validity wanted.', explicit],
  credentialBundlePath: [4, string,      'The file for key and certificates together.'],
  keyPath:              [5, string,      'The file for the key.'],
  certificateChainPath: [6, string,      'The file for the certificates.'],
  userAnnotations:      [7, map(string), 'Further data for the signer.'],
  user:                 [8, int64,       'The user who owns the files.', explicit],
})

const VolumeProjection = object('VolumeProjection', 'One source of several.', {
  secret:              [1, SecretProjection,              'Keys of a Secret.'],
  downwardAPI:         [2, DownwardAPIProjection,         'Facts about the pod.'],
  configMap:           [3, ConfigMapProjection,           'Keys of a ConfigMap.'],
  serviceAccountToken: [4, ServiceAccountTokenProjection, "A token of the pod's service account."],
  clusterTrustBundle:  [5, ClusterTrustBundleProjection,  'Certificates to trust.'],
  podCertificate:      [6, PodCertificateProjection,      'A certificate for the pod.'],
})

const ProjectedVolumeSource = object('ProjectedVolumeSource', 'Several sources in one directory.', {
  sources:     [1, list(VolumeProjection), 'The sources.'],
  defaultMode: [2, int32,                  "The files' permission bits.",  explicit, or(420)],
  defaultUser: [3, int64,                  'The user who owns the files.', explicit],
})

const CSIVolumeSource = object('CSIVolumeSource', 'A volume of a CSI driver, made for this pod.', {
  driver:               [1, string,               'The driver.',                  required],
  readOnly:             [2, bool,                 'Whether it may only be read.', explicit],
  fsType:               [3, string,               'The file system.',             explicit],
  volumeAttributes:     [4, map(string),          'What the driver needs to know.'],
  nodePublishSecretRef: [5, LocalObjectReference, 'The Secret for the driver.'],
})

const PersistentVolumeClaimSpec = object('PersistentVolumeClaimSpec', 'What is asked of a volume.', {
  accessModes:               [1, list(string),               'How it must be mountable.'],
  selector:                  [4, LabelSelector,              'Which volumes come into question.'],
  resources:                 [2, VolumeResourceRequirements, 'How large it must be.'],
  volumeName:                [3, string,                     'The one volume wanted.'],
  storageClassName:          [5, string,                     'The class that provides it.',  explicit],
  volumeMode:                [6, string,                     'Filesystem or Block.', explicit, or('Filesystem')],
  dataSource:                [7, TypedLocalObjectReference,  'What it is filled from.'],
  dataSourceRef:             [8, TypedObjectReference,       'What it is filled from, of any kind.'],
  volumeAttributesClassName: [9, string,                     'The class of its attributes.', explicit],
})

const PersistentVolumeClaimTemplate = object('PersistentVolumeClaimTemplate', 'What a claim is made from.', {
  metadata: [1, ObjectMeta,                'Labels and annotations of the claim.'],
  spec:     [2, PersistentVolumeClaimSpec, "The claim's spec.", required],
})

const EphemeralVolumeSource = object('EphemeralVolumeSource', 'A claim that lives as long as the pod.', {
  volumeClaimTemplate: [1, PersistentVolumeClaimTemplate, 'What the claim is made from.'],
})

const ImageVolumeSource = object('ImageVolumeSource', 'The files of an image.', {
  reference:  [1, string,                        'The image.'],
  pullPolicy: [2, oneOf('Always', 'IfNotPresent', 'Never'), 'When it is pulled.'],
})

const VolumeSource = object('VolumeSource', 'What a volume is; one of these.', {
  hostPath:              [ 1, HostPathVolumeSource,          'A path of the node.'],
  emptyDir:              [ 2, EmptyDirVolumeSource,          'A directory that lives as long as the pod.'],
  gcePersistentDisk:     [ 3, GCEPersistentDiskVolumeSource, 'A Google disk.'],
  awsElasticBlockStore:  [ 4, AWSElasticBlockStoreVolumeSource, 'An Amazon disk.'],
  gitRepo:               [ 5, GitRepoVolumeSource,           'A Git repository; no longer supported anywhere.'],
  secret:                [ 6, SecretVolumeSource,            'The keys of a Secret as files.'],
  nfs:                   [ 7, NFSVolumeSource,               'An NFS export.'],
  iscsi:                 [ 8, ISCSIVolumeSource,             'An iSCSI disk.'],
  glusterfs:             [ 9, GlusterfsVolumeSource,         'A Glusterfs volume.'],
  persistentVolumeClaim: [10, PersistentVolumeClaimVolumeSource, 'A claim of the same namespace.'],
  rbd:                   [11, RBDVolumeSource,               'A Ceph block device.'],
  flexVolume:            [12, FlexVolumeSource,              'A volume of an executable driver.'],
  cinder:                [13, CinderVolumeSource,            'An OpenStack disk.'],
  cephfs:                [14, CephFSVolumeSource,            'A Ceph file system.'],
  flocker:               [15, FlockerVolumeSource,           'A Flocker dataset.'],
  downwardAPI:           [16, DownwardAPIVolumeSource,       'Facts about the pod as files.'],
  fc:                    [17, FCVolumeSource,                'A Fibre Channel disk.'],
  azureFile:             [18, AzureFileVolumeSource,         'An Azure file share.'],
  configMap:             [19, ConfigMapVolumeSource,         'The keys of a ConfigMap as files.'],
  vsphereVolume:         [20, VsphereVirtualDiskVolumeSource, 'A vSphere disk.'],
  quobyte:               [21, QuobyteVolumeSource,           'A Quobyte volume.'],
  azureDisk:             [22, AzureDiskVolumeSource,         'An Azure disk.'],
  photonPersistentDisk:  [23, PhotonPersistentDiskVolumeSource, 'A Photon disk.'],
  projected:             [26, ProjectedVolumeSource,         'Several sources in one directory.'],
  portworxVolume:        [24, PortworxVolumeSource,          'A Portworx volume.'],
  scaleIO:               [25, ScaleIOVolumeSource,           'A ScaleIO volume.'],
  storageos:             [27, StorageOSVolumeSource,         'A StorageOS volume.'],
  csi:                   [28, CSIVolumeSource,               'A volume of a CSI driver, made for this pod.'],
  ephemeral:             [29, EphemeralVolumeSource,         'A claim that lives as long as the pod.'],
  image:                 [30, ImageVolumeSource,             'The files of an image.'],
})

export const Volume = object('Volume', 'A directory that containers of the pod can mount.', {
  name:         [1, string,       'Its name in the pod.', required, is(dnsLabel)],
  volumeSource: [2, VolumeSource, 'What it is.',          inline],
}, check(exactlyOneSource), fill(volumeDefaults))
