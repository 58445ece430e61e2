# The instrument in a container. It plays `nano` unless told otherwise, and shows the control page.
#
#   docker build -t musicrfm .                          for a CPU
#   docker build -t musicrfm --build-arg TORCH=cuda .   for an NVIDIA GPU: add --gpus all to `run`
#
#   docker run --rm -it -p 8000:8000 musicrfm           prints the address of the page
#   docker run --rm -it -p 8000:8000 --device /dev/snd musicrfm play --web 0.0.0.0:8000
#   docker run --rm -it -v "$PWD:/music" musicrfm play "organ chords" --output organ.flac --seconds 60
FROM debian:trixie-slim

# cpu: Debian's build of PyTorch, which brings nothing for a GPU and makes an image of 2 GB.
# cuda: the build that pip takes by itself, as constraints.txt pins it, of 8 GB.
ARG TORCH=cpu

RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        python3 python3-venv libportaudio2 libasound2t64 libasound2-plugins ca-certificates \
        $([ "$TORCH" = cuda ] || echo python3-torch libopenblas0-pthread) \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /src
COPY . .
# Debian's PyTorch takes its own version of sympy; all else is as pinned.
RUN if [ "$TORCH" = cuda ]; then \
        python3 -m venv /opt/musicrfm && cp constraints.txt /tmp/constraints.txt; \
    else \
        python3 -m venv --system-site-packages /opt/musicrfm \
        && grep -vE '^(torch|sympy)==' constraints.txt > /tmp/constraints.txt \
        && python3 -c 'import torch; print(f"torch=={torch.__version__}")' >> /tmp/constraints.txt; \
    fi \
    && /opt/musicrfm/bin/pip install --no-cache-dir -c /tmp/constraints.txt . \
    && rm -rf /src/*

RUN useradd --create-home --groups audio player && install -d -o player /music
USER player
WORKDIR /music
ENV PATH=/opt/musicrfm/bin:$PATH PYTHONUNBUFFERED=1
# What is compiled on a first start is compiled here, for the processor that builds the image.
RUN bridge play --output none --fast --seconds 1 --osc-port 0

# The page, and OSC if it is told to listen there: --osc-host 0.0.0.0
EXPOSE 8000 9000/udp
STOPSIGNAL SIGINT
ENTRYPOINT ["bridge"]
CMD ["play", "--web", "0.0.0.0:8000", "--output", "none"]
