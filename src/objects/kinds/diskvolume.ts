// biome-ignore-all format: the columns are aligned by hand

import { always, bool, explicit, int32, list, map, object, or, required, string } from '../schema.ts'
import { LocalObjectReference } from './references.ts'

export const GCEPersistentDiskVolumeSource = object('GCEPersistentDiskVolumeSource', 'A Google disk.', {
  pdName:    [1, string, 'The disk.', required],
  fsType:    [2, string, 'The file system.'],
  partition: [3, int32,  'The partition; 0 for the whole disk.'],
  readOnly:  [4, bool,   'Whether it may only be read.'],
})

export const AWSElasticBlockStoreVolumeSource = object('AWSElasticBlockStoreVolumeSource', 'An Amazon disk.', {
  volumeID:  [1, string, 'The disk.', required],
  fsType:    [2, string, 'The file system.'],
  partition: [3, int32,  'The partition; 0 for the whole disk.'],
  readOnly:  [4, bool,   'Whether it may only be read.'],
})

export const GitRepoVolumeSource = object('GitRepoVolumeSource', 'A Git repository.', {
  repository: [1, string, 'Its address.', required],
  revision:   [2, string, 'The commit.'],
  directory:  [3, string, 'The directory it is put into.'],
})

export const ISCSIVolumeSource = object('ISCSIVolumeSource', 'An iSCSI disk.', {
  targetPortal:      [ 1, string,               "The target's address.",      required],
  iqn:               [ 2, string,               "The target's name.",         required],
  lun:               [ 3, int32,                "The unit's number.",         always],
  iscsiInterface:    [ 4, string,               "The initiator's interface.", or('default')],
  fsType:            [ 5, string,               'The file system.'],
  readOnly:          [ 6, bool,                 'Whether it may only be read.'],
  portals:           [ 7, list(string),         'Further addresses of the target.'],
  chapAuthDiscovery: [ 8, bool,                 'Whether discovery is authenticated.'],
  chapAuthSession:   [11, bool,                 'Whether sessions are authenticated.'],
  secretRef:         [10, LocalObjectReference, 'The Secret for authentication.'],
  initiatorName:     [12, string,               "The initiator's own name.",  explicit],
})

export const GlusterfsVolumeSource = object('GlusterfsVolumeSource', 'A Glusterfs volume.', {
  endpoints: [1, string, 'The endpoints that lead to it.', required],
  path:      [2, string, "The volume's path.",             required],
  readOnly:  [3, bool,   'Whether it may only be read.'],
})

export const RBDVolumeSource = object('RBDVolumeSource', 'A Ceph block device.', {
  monitors:  [1, list(string),         "The monitors' addresses.", required],
  image:     [2, string,               'The image.',               required],
  fsType:    [3, string,               'The file system.'],
  pool:      [4, string,               'The pool.',                or('rbd')],
  user:      [5, string,               'The user.',                or('admin')],
  keyring:   [6, string,               "The key ring's file.",     or('/etc/ceph/keyring')],
  secretRef: [7, LocalObjectReference, 'The Secret, instead of the key ring.'],
  readOnly:  [8, bool,                 'Whether it may only be read.'],
})

export const FlexVolumeSource = object('FlexVolumeSource', 'A volume of an executable driver.', {
  driver:    [1, string,               'The driver.', required],
  fsType:    [2, string,               'The file system.'],
  secretRef: [3, LocalObjectReference, 'The Secret for the driver.'],
  readOnly:  [4, bool,                 'Whether it may only be read.'],
  options:   [5, map(string),          'What the driver needs to know.'],
})

export const CinderVolumeSource = object('CinderVolumeSource', 'An OpenStack disk.', {
  volumeID:  [1, string,               'The disk.', required],
  fsType:    [2, string,               'The file system.'],
  readOnly:  [3, bool,                 'Whether it may only be read.'],
  secretRef: [4, LocalObjectReference, 'The Secret to connect with.'],
})

export const CephFSVolumeSource = object('CephFSVolumeSource', 'A Ceph file system.', {
  monitors:   [1, list(string),         "The monitors' addresses.", required],
  path:       [2, string,               'The root within it.'],
  user:       [3, string,               'The user.'],
  secretFile: [4, string,               "The file with the user's key."],
  secretRef:  [5, LocalObjectReference, 'The Secret, instead of the file.'],
  readOnly:   [6, bool,                 'Whether it may only be read.'],
})

export const FlockerVolumeSource = object('FlockerVolumeSource', 'A Flocker dataset.', {
  datasetName: [1, string, 'Its name.'],
  datasetUUID: [2, string, 'Its unique id.'],
})

export const FCVolumeSource = object('FCVolumeSource', 'A Fibre Channel disk.', {
  targetWWNs: [1, list(string), "The target's names."],
  lun:        [2, int32,        "The unit's number.", explicit],
  fsType:     [3, string,       'The file system.'],
  readOnly:   [4, bool,         'Whether it may only be read.'],
  wwids:      [5, list(string), "The volume's names, instead of target and unit."],
})

export const AzureFileVolumeSource = object('AzureFileVolumeSource', 'An Azure file share.', {
  secretName: [1, string, 'The Secret with account and key.', required],
  shareName:  [2, string, 'The share.',                       required],
  readOnly:   [3, bool,   'Whether it may only be read.'],
})

export const VsphereVirtualDiskVolumeSource = object('VsphereVirtualDiskVolumeSource', 'A vSphere disk.', {
  volumePath:        [1, string, "The disk's path.", required],
  fsType:            [2, string, 'The file system.'],
  storagePolicyName: [3, string, "The storage policy's name."],
  storagePolicyID:   [4, string, "The storage policy's id."],
})

export const QuobyteVolumeSource = object('QuobyteVolumeSource', 'A Quobyte volume.', {
  registry: [1, string, "The registries' addresses.", required],
  volume:   [2, string, 'The volume.',                required],
  readOnly: [3, bool,   'Whether it may only be read.'],
  user:     [4, string, 'The user.'],
  group:    [5, string, 'The group.'],
  tenant:   [6, string, 'The tenant.'],
})

export const AzureDiskVolumeSource = object('AzureDiskVolumeSource', 'An Azure disk.', {
  diskName:    [1, string, "The disk's name.",              required],
  diskURI:     [2, string, "The disk's address.",           required],
  cachingMode: [3, string, 'How the host caches.',          explicit, or('ReadWrite')],
  fsType:      [4, string, 'The file system.',              explicit, or('ext4')],
  readOnly:    [5, bool,   'Whether it may only be read.',  explicit, or(false)],
  kind:        [6, string, 'Shared, Dedicated or Managed.', explicit, or('Shared')],
})

export const PhotonPersistentDiskVolumeSource = object('PhotonPersistentDiskVolumeSource', 'A Photon disk.', {
  pdID:   [1, string, 'The disk.', required],
  fsType: [2, string, 'The file system.'],
})

export const PortworxVolumeSource = object('PortworxVolumeSource', 'A Portworx volume.', {
  volumeID: [1, string, 'The volume.', required],
  fsType:   [2, string, 'The file system.'],
  readOnly: [3, bool,   'Whether it may only be read.'],
})

export const ScaleIOVolumeSource = object('ScaleIOVolumeSource', 'A ScaleIO volume.', {
  gateway:          [ 1, string,               "The gateway's address.",               required],
  system:           [ 2, string,               'The storage system.',                  required],
  secretRef:        [ 3, LocalObjectReference, "The Secret with the user's rights.",   required],
  sslEnabled:       [ 4, bool,                 'Whether the gateway is reached by TLS.'],
  protectionDomain: [ 5, string,               'The protection domain.'],
  storagePool:      [ 6, string,               'The storage pool.'],
  storageMode:      [ 7, string,               'ThickProvisioned or ThinProvisioned.', or('ThinProvisioned')],
  volumeName:       [ 8, string,               'The volume.'],
  fsType:           [ 9, string,               'The file system.',                     or('xfs')],
  readOnly:         [10, bool,                 'Whether it may only be read.'],
})

export const StorageOSVolumeSource = object('StorageOSVolumeSource', 'A StorageOS volume.', {
  volumeName:      [1, string,               'The volume.'],
  volumeNamespace: [2, string,               'Its namespace in StorageOS.'],
  fsType:          [3, string,               'The file system.'],
  readOnly:        [4, bool,                 'Whether it may only be read.'],
  secretRef:       [5, LocalObjectReference, 'The Secret to connect with.'],
})
