// biome-ignore-all format: the columns are aligned by hand
import { bool, explicit, int64, list, object, oneOf, required, string } from '../schema.ts'

const Capabilities = object('Capabilities', "Linux capabilities, beside the engine's own set.", {
  add:  [1, list(string), 'Those to add.'],
  drop: [2, list(string), 'Those to drop.'],
})

const SELinuxOptions = object('SELinuxOptions', 'An SELinux label.', {
  user:  [1, string, 'Its user.'],
  role:  [2, string, 'Its role.'],
  type:  [3, string, 'Its type.'],
  level: [4, string, 'Its level.'],
})

const WindowsSecurityContextOptions = object('WindowsSecurityContextOptions', 'Rights on a Windows node.', {
  gmsaCredentialSpecName: [1, string, 'The name of a GMSA credential specification.', explicit],
  gmsaCredentialSpec:     [2, string, 'The specification itself.',                    explicit],
  runAsUserName:          [3, string, 'The user it runs as.',                         explicit],
  hostProcess:            [4, bool,   'Whether it runs directly on the host.',        explicit],
})

const SeccompProfile = object('SeccompProfile', 'Which system calls may be made.', {
  type:             [1, oneOf('Unconfined', 'RuntimeDefault', 'Localhost'), 'Where the profile comes from.', required],
  localhostProfile: [2, string,                        "The profile's file on the node.", explicit],
})

const AppArmorProfile = object('AppArmorProfile', 'An AppArmor profile.', {
  type:             [1, oneOf('Unconfined', 'RuntimeDefault', 'Localhost'), 'Where the profile comes from.', required],
  localhostProfile: [2, string,                        "The profile's name on the node.", explicit],
})

export const SecurityContext = object('SecurityContext',
  "Which rights a container runs with; what is set here wins over the pod's.", {
  capabilities:             [ 1, Capabilities,                  'Linux capabilities to add and to drop.'],
  privileged:               [ 2, bool, 'Whether it may do all that root on the node may.', explicit],
  seLinuxOptions:           [ 3, SELinuxOptions,                'Its SELinux label.'],
  windowsOptions:           [10, WindowsSecurityContextOptions, 'What concerns Windows.'],
  runAsUser:                [ 4, int64, "The user it runs as, instead of the image's.", explicit],
  runAsGroup:               [ 8, int64,                         'The group it runs as.', explicit],
  runAsNonRoot:             [ 5, bool, 'Whether it is refused when it would run as root.', explicit],
  readOnlyRootFilesystem:   [ 6, bool, 'Whether its own file system may only be read.', explicit],
  allowPrivilegeEscalation: [ 7, bool, 'Whether its processes may gain more rights.', explicit],
  procMount:                [ 9, string,                        'How /proc is mounted.', explicit],
  seccompProfile:           [11, SeccompProfile,                'Which system calls it may make.'],
  appArmorProfile:          [12, AppArmorProfile,               'Its AppArmor profile.'],
})

const Sysctl = object('Sysctl', 'A kernel setting.', {
  name:  [1, string, 'Its name.',  required],
  value: [2, string, 'Its value.', required],
})

export const PodSecurityContext = object('PodSecurityContext', 'Which rights all containers of a pod run with.', {
  seLinuxOptions:           [ 1, SELinuxOptions,                'Their SELinux label.'],
  windowsOptions:           [ 8, WindowsSecurityContextOptions, 'What concerns Windows.'],
  runAsUser:                [ 2, int64, "The user they run as, instead of their images'.", explicit],
  runAsGroup:               [ 6, int64,                         'The group they run as.', explicit],
  runAsNonRoot:             [ 3, bool, 'Whether they are refused when they would run as root.', explicit],
  supplementalGroups:       [ 4, list(int64),                   'Further groups.'],
  supplementalGroupsPolicy: [12, string,                        "Whether the image's groups count too.", explicit],
  fsGroup:                  [ 5, int64,                         "The group that owns the pod's volumes.", explicit],
  sysctls:                  [ 7, list(Sysctl),                  "Kernel settings of the pod's own."],
  fsGroupChangePolicy:      [ 9, string,                        "When a volume's ownership is changed.", explicit],
  seccompProfile:           [10, SeccompProfile,                'Which system calls they may make.'],
  appArmorProfile:          [11, AppArmorProfile,               'Their AppArmor profile.'],
  seLinuxChangePolicy:      [13, string,                        'How volumes get their SELinux label.', explicit],
})
