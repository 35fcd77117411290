"""REST: who is editing what."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gathering.rest import checked

from .. import leasing
from ..actions import find_workspace
from ..asking import NewLeaseSerializer
from ..serializers import LeaseSerializer, TakenLeaseSerializer
from .asked import user_of


class LeasesView(APIView):
    @extend_schema(responses=LeaseSerializer(many=True))
    def get(self, request: Request, key: str) -> Response:
        """The leases that are running."""
        leases = leasing.running(find_workspace(user_of(request), key))
        return Response(LeaseSerializer(leases, many=True).data)

    @extend_schema(request=NewLeaseSerializer, responses={201: TakenLeaseSerializer})
    def post(self, request: Request, key: str) -> Response:
        """Say that you are editing these paths, for some time; the same paths again renew that."""
        fields = checked(NewLeaseSerializer(data=request.data))
        lease = leasing.lease(user_of(request), key, **fields)
        return Response(TakenLeaseSerializer(lease).data, status=201)


class LeaseView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, key: str, pk: int) -> Response:
        """Give up a lease before its time."""
        leasing.release(user_of(request), key, pk)
        return Response(status=204)
