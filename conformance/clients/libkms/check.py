"""libkms_message, with which every MongoDB driver speaks KMIP: its requests, sent as they are, and its own response parser.

check.py PORT CA CERTIFICATE KEY: a line of JSON for each result.
"""
import ctypes
import json
import os
import socket
import ssl
import sys

PORT, CA, CERTIFICATE, KEY = int(sys.argv[1]), *sys.argv[2:5]

kms = ctypes.CDLL('libkms_message.so.0')
libc = ctypes.CDLL(None)

POINTERS = [
    'kms_kmip_request_register_secretdata_new', 'kms_kmip_request_activate_new', 'kms_kmip_request_get_new',
    'kms_request_to_bytes', 'kms_kmip_response_parser_new', 'kms_response_parser_get_response',
    'kms_kmip_response_get_unique_identifier', 'kms_kmip_response_get_secretdata',
]
for name in POINTERS:
    getattr(kms, name).restype = ctypes.c_void_p
for name in ['kms_request_get_error', 'kms_response_parser_error', 'kms_response_get_error']:
    getattr(kms, name).restype = ctypes.c_char_p
kms.kms_response_parser_feed.restype = ctypes.c_bool
kms.kms_message_init()


def connect():
    context = ssl.create_default_context(cafile=CA)
    context.load_cert_chain(CERTIFICATE, KEY)
    return context.wrap_socket(socket.create_connection(('127.0.0.1', PORT)), server_hostname='localhost')


def exchange(request):
    """Sends one request over a connection of its own, as the drivers do; the response as the library has read it."""
    size = ctypes.c_size_t()
    data = kms.kms_request_to_bytes(ctypes.c_void_p(request), ctypes.byref(size))
    if not data:
        raise ValueError(kms.kms_request_get_error(ctypes.c_void_p(request)))
    parser = ctypes.c_void_p(kms.kms_kmip_response_parser_new(None))
    with connect() as connection:
        connection.sendall(ctypes.string_at(data, size.value))
        while True:
            wanted = kms.kms_response_parser_wants_bytes(parser, 1024)
            if wanted == 0:
                break
            got = connection.recv(wanted)
            if not got:
                raise ValueError('the connection was closed')
            if not kms.kms_response_parser_feed(parser, got, len(got)):
                raise ValueError(kms.kms_response_parser_error(parser))
    response = kms.kms_response_parser_get_response(parser)
    if not response:
        raise ValueError(kms.kms_response_parser_error(parser))
    return ctypes.c_void_p(response)


def identifier(response):
    found = kms.kms_kmip_response_get_unique_identifier(response)
    if not found:
        raise ValueError(kms.kms_response_get_error(response))
    return ctypes.string_at(found)


def secret(response):
    size = ctypes.c_size_t()
    found = kms.kms_kmip_response_get_secretdata(response, ctypes.byref(size))
    if not found:
        raise ValueError(kms.kms_response_get_error(response))
    return ctypes.string_at(found, size.value)


def check(name, function, *arguments):
    try:
        result = function(*arguments)
        print(json.dumps({'name': 'libkms_message: ' + name, 'ok': True, 'detail': ''}), flush=True)
        return result
    except Exception as error:
        print(json.dumps({'name': 'libkms_message: ' + name, 'ok': False, 'detail': str(error)[:300]}), flush=True)


def register(data):
    return identifier(exchange(kms.kms_kmip_request_register_secretdata_new(None, data, ctypes.c_size_t(len(data)))))


def activate(uid):
    assert identifier(exchange(kms.kms_kmip_request_activate_new(None, uid))) == uid


def get(uid, data):
    assert secret(exchange(kms.kms_kmip_request_get_new(None, uid))) == data, 'not what was registered'


def missing():
    try:
        secret(exchange(kms.kms_kmip_request_get_new(None, b'nowhere')))
    except ValueError as error:
        assert error.args[0], 'no message'
        return
    raise ValueError('there is no such object')


DATA = os.urandom(96)
UID = check('Register', register, DATA)
check('Activate', activate, UID)
check('Get brings what was registered', get, UID, DATA)
check('an error is one that it can read', missing)
