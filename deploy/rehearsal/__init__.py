"""The stack of docker-compose.yml as processes of this machine: started, used, killed, restored and stopped.

Commands, environments, health checks and their order are read from docker-compose.yml and the Dockerfile, so that the
files themselves are rehearsed. Only PostgreSQL and the S3 store are other programs than in the containers.
"""
