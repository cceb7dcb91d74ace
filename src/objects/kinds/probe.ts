// biome-ignore-all format: the columns are aligned by hand

import { nonNegative, portNumber } from '../rules.ts'
import {
  always, check, explicit, inline, int32, int64, intOrString, is, list, object, oneOf, or, required, string,
} from '../schema.ts'
import { exactlyOneHandler } from './podrules.ts'

const ExecAction = object('ExecAction', 'A command, run in the container without a shell.', {
  command: [1, list(string), 'The program and its arguments.'],
})

const HTTPHeader = object('HTTPHeader', 'A header of a request.', {
  name:  [1, string, 'Its name.',  required],
  value: [2, string, 'Its value.', always],
})

const HTTPGetAction = object('HTTPGetAction', 'An HTTP request.', {
  path:        [1, string,                 'The path asked for.',           or('/')],
  port:        [2, intOrString,            'The port, by number or name.',  required],
  host:        [3, string,                 'The host to connect to instead of the pod.'],
  scheme:      [4, oneOf('HTTP', 'HTTPS'), 'HTTP or HTTPS.',                or('HTTP')],
  httpHeaders: [5, list(HTTPHeader),       'Further headers.'],
  protocol:    [6, string,                 'The version of HTTP to speak.', explicit],
})

const TCPSocketAction = object('TCPSocketAction', 'A connection to a port.', {
  port: [1, intOrString, 'The port, by number or name.', required],
  host: [2, string,      'The host to connect to instead of the pod.'],
})

const GRPCAction = object('GRPCAction', 'A gRPC health check.', {
  port:    [1, int32,  'The port.',                   required, is(portNumber)],
  service: [2, string, 'The service asked about.',    explicit, or('')],
  mode:    [3, string, 'How the connection is made.', explicit],
})

const ProbeHandler = object('ProbeHandler', 'How a probe asks; one of these.', {
  exec:      [1, ExecAction,      'A command that exits with 0.'],
  httpGet:   [2, HTTPGetAction,   'An HTTP request answered with 200 to 399.'],
  tcpSocket: [3, TCPSocketAction, 'A port that accepts a connection.'],
  grpc:      [4, GRPCAction,      'A gRPC health check.'],
})

export const Probe = object('Probe', 'A question that is asked of a container again and again.', {
  handler:                       [1, ProbeHandler, 'How it is asked.', inline],
  initialDelaySeconds:           [2, int32,        "The wait after the container's start.", is(nonNegative)],
  timeoutSeconds:                [3, int32,        'How long an answer may take.', is(nonNegative), or(1)],
  periodSeconds:                 [4, int32,        'The time from one question to the next.', is(nonNegative), or(10)],
  successThreshold:              [5, int32, 'How many good answers in a row make it succeed.', is(nonNegative), or(1)],
  failureThreshold:              [6, int32, 'How many bad answers in a row make it fail.', is(nonNegative), or(3)],
  terminationGracePeriodSeconds: [7, int64, "The grace of a stop that this probe caused, instead of the pod's.",
                                  explicit],
}, check(exactlyOneHandler))

const SleepAction = object('SleepAction', 'A wait.', {
  seconds: [1, int64, 'How long.', always],
})

const LifecycleHandler = object('LifecycleHandler', 'One thing to do.', {
  exec:      [1, ExecAction,      'Run a command in the container.'],
  httpGet:   [2, HTTPGetAction,   'Make an HTTP request.'],
  tcpSocket: [3, TCPSocketAction, 'Unused; kept for old clients.'],
  sleep:     [4, SleepAction,     'Wait.'],
})

export const Lifecycle = object('Lifecycle', 'What to do when a container has started and before it stops.', {
  postStart:  [1, LifecycleHandler, 'Done right after the start; a failure stops the container.'],
  preStop:    [2, LifecycleHandler, 'Done before the container is told to stop.'],
  stopSignal: [3, string,           "The signal it is told to stop with, instead of the image's.", explicit],
})
